"""Counts what is in an archive, read for that alone."""

from __future__ import annotations

from collections.abc import Callable

from sessiontui.domain.rescue import Tally
from sessiontui.storage.tar_members import MemberKind, Source, members, padding
from sessiontui.storage.unpacking import parts_of


def tally_of(read: Callable[[], bytes]) -> Tally:
    """How much is in an archive, read for that alone. Raises StorageError for what is no sound archive."""
    source = Source(read)
    sizes: dict[bytes, int] = {}
    directories = links = 0
    others: set[bytes] = set()
    linked: set[bytes] = set()
    for member in members(source):
        path = b"/".join(parts_of(member.path))
        target = b"/".join(parts_of(member.target)) if member.kind is MemberKind.SECOND_NAME else b""
        match member.kind:
            case MemberKind.DIRECTORY:
                directories += bool(path)
            case MemberKind.FILE:
                sizes[path] = member.size
            case MemberKind.LINK:
                linked.add(path)
                links += 1
            case MemberKind.SECOND_NAME if target in linked:
                links += 1
            case MemberKind.SECOND_NAME if target not in others:
                sizes[path] = sizes.get(target, 0)
            case _:
                others.add(path)
        for _ in source.pieces(member.size + padding(member.size)):
            pass
    source.drain()
    return Tally(len(sizes), sum(sizes.values()), directories, links)
