"""How an image is called and badged by its reference, in the manner of Backend.AI's pages.

The rules are those of its WebUI (``useBAIImageMetaData.ts``): of ``…/NAME:VERSION-TAG-TAG@ARCH`` the name is
looked up, and each tag gets its label. The words are ours, in ``image_names.toml``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "image_names.toml"


@dataclass(frozen=True, slots=True)
class ImageName:
    """What a person reads instead of a reference."""

    label: str
    group: str
    version: str
    tags: tuple[str, ...]
    place: int = 0
    """Where its group stands among the groups; those that nobody knows stand first."""


def split_reference(reference: str) -> tuple[str, str]:
    """Repository and tag; neither digest nor architecture. A colon before the last slash is a port's."""
    reference = reference.partition("@")[0]
    head, slash, last = reference.rpartition("/")
    name, _, tag = last.partition(":")
    return f"{head}{slash}{name}", tag or "latest"


def image_name(reference: str) -> ImageName:
    """How the image of a reference is called."""
    words = _words()
    repository, tag = split_reference(reference)
    key = repository.rpartition("/")[2]
    label, group = words.names.get(key.lower(), (key, words.unknown))
    version, *tags = tag.split("-")
    badges = tuple(words.badge(one) for one in tags if one)
    return ImageName(label, group, version, badges, words.groups.index(group))


@dataclass(frozen=True, slots=True)
class _Words:
    names: Mapping[str, tuple[str, str]]
    groups: tuple[str, ...]
    unknown: str
    tags: Mapping[str, str]
    patterns: tuple[tuple[re.Pattern[str], str], ...]

    def badge(self, tag: str) -> str:
        """What is shown for one part of a tag."""
        if tag in self.tags:
            return self.tags[tag]
        for pattern, label in self.patterns:
            if match := pattern.fullmatch(tag):
                return match.expand(label)
        return " ".join(word[:1].upper() + word[1:] for word in tag.split("_") if word)


@cache
def _words() -> _Words:
    table = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    names = {key: (label, group) for key, (label, group) in table["names"].items()}
    return _Words(
        names,
        tuple(dict.fromkeys((table["unknown"], *(group for _, group in names.values())))),
        table["unknown"],
        table["tags"]["words"],
        tuple((re.compile(one["pattern"]), one["label"]) for one in table["tags"]["patterns"]),
    )
