"""The container engine's door: where it is, reading from it, its SDK's client, and its errors as ours.

The SDK takes as long to import as half of the dashboard; only :mod:`.client` does, on first use.
"""

TIMEOUT = 20
"""Seconds until an engine that does not answer counts as unreachable."""
