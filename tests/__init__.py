"""Tests: unit, contract, pilot, snapshot and e2e."""
