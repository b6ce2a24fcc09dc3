"""Which shells a session has, by a look inside."""

from __future__ import annotations

FIND_SHELLS = """\
echo "${SHELL:-}"
for name in bash zsh fish sh; do command -v "$name"; done
while read -r line; do [ ! -x "$line" ] || echo "$line"; done </etc/shells 2>/dev/null
"""
"""Prints paths, the user's own shell first; ``/etc/shells`` may hold comments and what is not there."""

_NO_SHELLS = frozenset("tmux screen false nologin git-shell rbash".split())
"""Listed in ``/etc/shells`` of some distributions, and none that a person works in."""


def parse_shells(text: str) -> tuple[str, ...]:
    """The paths that FIND_SHELLS printed, each shell once by its name."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name = line.rpartition("/")[2]
        if line.startswith("/") and line.isprintable() and name and name not in _NO_SHELLS:
            found.setdefault(name, line)
    return tuple(found.values())
