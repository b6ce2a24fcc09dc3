"""The chord that leaves a shell running in its session, in docker's own notation.

Docker's notation (``docker exec --detach-keys``): keys with commas between them, each a single sign or
``ctrl-`` and one of ``a`` to ``z``, ``@``, ``[``, ``\\``, ``]``, ``^``, ``_``.
"""

from __future__ import annotations

import re

DETACH_KEYS = "ctrl-^,q"
"""Not docker's own: that one swallows Ctrl+P, the shell's key for the command before."""

_KEY = re.compile(r"ctrl-[a-z@\[\\\]^_]|[A-Za-z0-9]")
_NEEDED = {
    "ctrl-c": "interrupts programs",
    "ctrl-d": "ends input",
    "ctrl-h": "is backspace",
    "ctrl-i": "is Tab",
    "ctrl-j": "is Enter",
    "ctrl-m": "is Enter",
    "ctrl-[": "is Escape, with which arrow keys begin",
}
"""First keys that a shell cannot do without: docker holds the first key back until the next one."""


def checked_chord(text: str) -> str:
    """The chord as docker takes it. Raises ValueError with the reason when it cannot be one."""
    keys = [key.strip() for key in text.split(",")]
    for key in keys:
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is no key: write a letter, a digit or ctrl-x, as in {DETACH_KEYS}")
    if not keys[0].startswith("ctrl-"):
        raise ValueError(f"{keys[0]!r} is for typing: begin with ctrl-x, as in {DETACH_KEYS}")
    if keys[0] in _NEEDED:
        raise ValueError(f"{keys[0]} {_NEEDED[keys[0]]}: begin with another key, as in {DETACH_KEYS}")
    return ",".join(keys)


def readable_chord(keys: str) -> str:
    """The chord as a person reads it: ``ctrl-^ q``."""
    return keys.replace(",", " ")
