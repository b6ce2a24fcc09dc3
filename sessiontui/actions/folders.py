"""Renames, discards, imports, restores and destroys folders; refuses while a session mounts them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from sessiontui.actions.ports import Ports
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import EngineError, Problem, Refused, StorageError
from sessiontui.domain.folder import Discarded, Folder
from sessiontui.domain.session import Session


def users_of(folder: Folder, sessions: Iterable[Session]) -> tuple[Session, ...]:
    """The sessions of any owner and in any phase that mount the folder, or a directory in or around it."""
    return tuple(
        session
        for session in sessions
        if any(_overlap(mount.source, folder.path) for mount in session.mounts)
    )


def last_used(folder: Folder, sessions: Iterable[Session]) -> datetime | None:
    """When one of these sessions that mount it was last started; None where none does.

    Deleted sessions count: they are among these, too.
    """
    used = [session.started_at or session.created_at for session in users_of(folder, sessions)]
    return max(used, default=None)


def deleted_users(ports: Ports) -> tuple[Session, ...]:
    """The deleted sessions that mounted folders, for ``last_used``; none where the records cannot be read."""
    try:
        records = ports.records.records()
    except StorageError:
        # Whoever looks at the history is told why.
        return ()
    return tuple(record.session for record in records if record.session.mounts)


def rename(ports: Ports, name: str, new: str) -> Folder:
    """Give a folder another name. Raises Refused also while a session mounts it."""
    folder = _unused(ports, name, "rename")
    renamed = ports.storage.rename(name, new)
    _take_back_if_used(ports, folder, "rename", lambda: ports.storage.rename(new, name))
    return renamed


def discard(ports: Ports, name: str) -> Discarded | None:
    """Put a folder into the trash, or let go of an imported one. Raises Refused while a session mounts it."""
    folder = _unused(ports, name, "remove")
    discarded = ports.storage.discard(name)
    if discarded is not None:
        id_ = discarded.id
        _take_back_if_used(ports, folder, "remove", lambda: ports.storage.restore(id_))
    return discarded


def adopt(ports: Ports, path: str, name: str) -> Folder:
    """Make an existing directory a folder, without copying."""
    return ports.storage.adopt(path, name)


def restore(ports: Ports, id: str) -> Folder:  # noqa: A002 - as the field of Discarded
    """Take a folder out of the trash."""
    return ports.storage.restore(id)


def destroy(ports: Ports, id: str, cancellation: Cancellation) -> None:  # noqa: A002
    """Remove what is in the trash for good."""
    ports.storage.destroy(id, cancellation)


def _unused(ports: Ports, name: str, verb: str) -> Folder | None:
    """The folder of that name, None where there is none. Raises Refused where a session mounts it."""
    folder = next((one for one in ports.storage.folders() if one.name == name), None)
    _ensure_unused(ports, folder, verb)
    return folder


def _ensure_unused(ports: Ports, folder: Folder | None, verb: str) -> None:
    users = users_of(folder, ports.engine.glance()) if folder else ()
    if folder and users:
        mine = ports.owner.uid
        names = ", ".join(
            one.name if one.owner.uid == mine else f"{one.owner.name}/{one.name}" for one in users
        )
        text = f"cannot {verb} {folder.name}: mounted by {names}; delete first what uses it"
        raise Refused([Problem("name", text)])


def _take_back_if_used(
    ports: Ports, folder: Folder | None, verb: str, take_back: Callable[[], object]
) -> None:
    """Take back what was done where a session came to mount the folder meanwhile. Raises Refused then.

    One that is launched later finds no folder of that name.
    """
    try:
        _ensure_unused(ports, folder, verb)
    except EngineError:
        pass  # nothing is launched on an engine that does not answer
    except Refused:
        take_back()
        raise


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")
