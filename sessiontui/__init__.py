"""A terminal dashboard that gives a plain container host the session page of a managed cluster."""

__version__ = "0.1.0"
