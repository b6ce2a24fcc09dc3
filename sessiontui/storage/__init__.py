"""Folders on the host."""
