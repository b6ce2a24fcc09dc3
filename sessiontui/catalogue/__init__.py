"""Environments as data."""
