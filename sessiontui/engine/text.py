"""What strangers wrote, made fit for a terminal."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?")


def plain(text: str) -> str:
    """The text without escape sequences and control characters; line breaks and tabs stay."""
    clean = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(sign for sign in clean if sign.isprintable() or sign in "\n\t")
