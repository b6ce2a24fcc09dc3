"""The dashboard: a Textual app that shows Pictures and turns keys and clicks into actions."""
