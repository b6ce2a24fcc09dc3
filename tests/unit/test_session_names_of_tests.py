"""Tests that run beside each other on one engine delete the sessions their module names, and no others."""

from __future__ import annotations

import re
from itertools import permutations
from pathlib import Path

MODULES = sorted((Path(__file__).parents[1] / "e2e").glob("test_*.py"))


def names_in(module: Path) -> set[str]:
    """The names of sessions that stand in it; one that ends with a hyphen begins many."""
    return set(re.findall(r"\be2e-[\w.-]+", module.read_text()))


def test_no_two_modules_name_the_same_session() -> None:
    shared = [
        f"{one.name} and {other.name}: {name}"
        for one, other in permutations(MODULES, 2)
        for name in names_in(one)
        if takes(names_in(other), name)
    ]
    assert len(MODULES) > 10
    assert shared == []


def takes(names: set[str], name: str) -> bool:
    """Whether a session of that name is among those."""
    return name in names or any(one.endswith("-") and name.startswith(one) for one in names)
