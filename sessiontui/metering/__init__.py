"""Meters: what sessions, the machine and its devices use, from whoever knows first."""
