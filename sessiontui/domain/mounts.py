"""Where folders appear in a session: which places may be taken, and whether several go together."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sessiontui.domain.errors import Problem
from sessiontui.domain.folder import HOME, Mount, reserved_name_problem

_TARGET = re.compile(r"^[A-Za-z0-9_/.-]+\Z")
_LONGEST = 1024
"""Characters of a place, a quarter of what Linux takes for a path."""
_LONGEST_NAME = 255
_SYSTEM = frozenset(
    "/bin /boot /dev /etc /lib /lib32 /lib64 /libx32 /opt/sessiontui /proc /root /run /sbin /sys /tmp /usr "
    "/var".split()
)
"""Places that an image, the engine or a session's own programs live from, with all that is below them."""


def place_of(target: str) -> str:
    """The absolute path that a person means by a target: relative is below the home.

    Slashes that say nothing are left out.
    """
    way = target if target.startswith("/") else f"{HOME}/{target}"
    return "/" + "/".join(part for part in way.split("/") if part)


def target_problem(target: str) -> str | None:
    """Why no folder can appear at this target, None when one can.

    The letters, and that a target is below the home or absolute, are Backend.AI's rule.
    """
    if not _TARGET.match(target):
        return f"{target!r}: a place has letters, digits, slash, dot, dash and underscore"
    parts = [part for part in target.split("/") if part]
    if "." in parts or ".." in parts:
        return f"{target}: write the place without . and .."
    if len(target) > _LONGEST or any(len(part) > _LONGEST_NAME for part in parts):
        return f"{target[:40]}…: the place is too long"
    place = place_of(target)
    if _lies_in(HOME, place):
        what = "is the session's home" if place == HOME else "is around the session's home"
        return f"{place} {what}: choose a place in it, such as {HOME}/data"
    if any(_lies_in(place, one) or _lies_in(one, place) for one in _SYSTEM):
        return f"{place} is the system's: choose a place in {HOME}, or one such as /data"
    if _lies_in(place, HOME):
        wrong = reserved_name_problem(place.removeprefix(f"{HOME}/").split("/")[0])
        return None if wrong is None else f"{place}: {wrong}"
    return None


def clashes(mounts: Sequence[Mount]) -> list[Problem]:
    """A problem for every two mounts of which one would hide the other, or lie in it."""
    found = []
    for index, one in enumerate(mounts):
        for other in mounts[:index]:
            if one.target == other.target:
                text = f"{other.folder} and {one.folder} both go to {one.target}: give one another place"
            elif _lies_in(one.target, other.target):
                text = _within(one, other)
            elif _lies_in(other.target, one.target):
                text = _within(other, one)
            else:
                continue
            found.append(Problem("mounts", text))
    return found


def _within(inner: Mount, outer: Mount) -> str:
    return (
        f"{inner.folder} would go to {inner.target}, which is in {outer.folder} at {outer.target}: "
        "give one another place"
    )


def _lies_in(place: str, around: str) -> bool:
    return place == around or place.startswith(f"{around.rstrip('/')}/")
