"""How a person reaches an app: URLs, forwarding lines, the clipboard."""
