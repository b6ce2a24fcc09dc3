"""Which distribution this machine runs. Format: freedesktop.org's os-release(5)."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class System:
    """The distribution by its own words; empty where it does not say."""

    id: str
    like: tuple[str, ...]
    """Distributions it is made from."""
    codename: str
    title: str


def read_system(root: Path = Path("/")) -> System:
    """The system installed under a root directory."""
    values: dict[str, str] = {}
    for place in ("etc/os-release", "usr/lib/os-release"):
        try:
            text = (root / place).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        values = dict(filter(None, map(_assignment, text.splitlines())))
        break
    return System(
        values.get("ID", ""),
        tuple(values.get("ID_LIKE", "").split()),
        values.get("VERSION_CODENAME", ""),
        values.get("PRETTY_NAME", values.get("ID", "")) or "this system",
    )


def _assignment(line: str) -> tuple[str, str] | None:
    name, separator, value = line.strip().partition("=")
    if not separator or name.startswith("#"):
        return None
    try:
        return name, "".join(shlex.split(value))
    except ValueError:
        return name, value
