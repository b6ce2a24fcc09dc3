"""The machine under the engine: its user, its packages, its daemon, its terminal."""
