"""Sees to it that a session gets the very directories that were checked, and no other in their place.

An engine follows links, as its own all-powerful user, at the moment it mounts. So the way to each
folder is gone once without following any, and the directory found there is compared with what the
session has got. Where the engine is on another machine, nothing of this is to be seen from here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from sessiontui.actions.ports import Ports
from sessiontui.domain.errors import EngineError, Problem, Refused, StartFailed, StorageError
from sessiontui.domain.folder import Identity, Mount
from sessiontui.domain.launch import Order
from sessiontui.domain.session import Phase, Session

Held = Mapping[str, Identity]
"""By a mount's target, the directory that belongs there."""

PAUSES = (0.05, 0.1, 0.2, 0.4)
"""Seconds between looks at a session that tells nothing: an engine sees its end some moments late."""


def identities(ports: Ports, mounts: Iterable[Mount]) -> Held:
    """Which directories the mounts mean now, as far as that can be known from here.

    Raises Refused with all that are not there, or are links by now.
    """
    mounts = tuple(mounts)
    if not mounts or not ports.engine.facts().local:
        return {}
    found, problems = {}, []
    for mount in mounts:
        try:
            identity = ports.storage.identify(mount.source)
        except StorageError as error:
            problems.append(Problem("mounts", f"folder {mount.folder}: {error.message}"))
        else:
            if identity is not None:
                found[mount.target] = identity
    if problems:
        raise Refused(problems)
    return found


def without_dead(ports: Ports, order: Order) -> Order:
    """The order without folders that mount by themselves and are not there now: they break no launch."""

    def alive(mount: Mount) -> bool:
        try:
            ports.storage.identify(mount.source)
        except StorageError:
            return False
        return True

    if not order.mounts or not ports.engine.facts().local:
        return order
    return replace(order, mounts=tuple(one for one in order.mounts if not one.automatic or alive(one)))


def without_refused(order: Order, error: StartFailed) -> Order | None:
    """The order without folders that mount by themselves and that the engine could not mount.

    None where the error is about none of them.
    """
    left = tuple(one for one in order.mounts if not (one.automatic and _is_about(error, one)))
    return replace(order, mounts=left) if len(left) < len(order.mounts) else None


def explained(error: StartFailed, mounts: Iterable[Mount], held: Held) -> StartFailed:
    """The error; of a folder that is there and that the engine does not reach, with the likely cause."""
    for mount in mounts:
        if mount.target in held and _is_about(error, mount):
            return StartFailed(
                f"the engine cannot mount folder {mount.folder}, though {mount.source} is there",
                "on a network file system root often may not enter (root_squash): see namei -l "
                f"{mount.source}, and let others pass (chmod o+x) on the way",
            )
    return error


def ensure_unchanged(mounts: Iterable[Mount], before: Held, now: Held) -> None:
    """Raise Refused where a mount means another directory than it did before."""
    problems = [
        Problem("mounts", f"folder {mount.folder}: {mount.source} was exchanged for another directory")
        for mount in mounts
        if mount.target in before
        and mount.target in now
        and not before[mount.target].matches(now[mount.target])
    ]
    if problems:
        raise Refused(problems)


def ensure_mounted(
    ports: Ports,
    session: Session,
    held: Held,
    *,
    take_back: Callable[[Session], object],
    taken_back: str,
    hint: str,
) -> None:
    """See that a session that was started has what it should have; else ``take_back`` undoes the start.

    ``taken_back`` says so. Raises StartFailed with ``hint``; EngineError where it cannot be told.
    """
    try:
        wrong = wrongly_mounted(ports, session, held)
    except EngineError:
        with suppress(EngineError):
            take_back(session)
        raise
    if wrong:
        take_back(session)
        raise StartFailed(f"{session.name}: {wrong}; {taken_back}", hint)


def wrongly_mounted(ports: Ports, session: Session, held: Held) -> str:
    """What a session that was started has that it should not have, in words; empty when all is right.

    One that has ended by now, as a short command does, cannot be looked into: it is kept as it is. The
    engine may say for some moments more that it runs, so what cannot be told is looked at again.
    """
    if not held:
        return ""
    for pause in PAUSES:
        with suppress(EngineError):
            wrong, sure = _compared(session, held, ports.engine.mounted(session))
            if sure:
                return wrong
        if _has_ended(ports, session):
            return ""
        time.sleep(pause)
    try:
        wrong, sure = _compared(session, held, ports.engine.mounted(session))
    except EngineError:
        if _has_ended(ports, session):
            return ""
        raise
    return "" if not sure and _has_ended(ports, session) else wrong


def _compared(session: Session, held: Held, inside: Held) -> tuple[str, bool]:
    """What is wrong, in words, and whether that is sure: what was not seen may be right."""
    unseen = ""
    for mount in session.mounts:
        if (wanted := held.get(mount.target)) is None:
            continue
        if (there := inside.get(mount.target)) is None:
            unseen = f"what is at {mount.target} is not the folder {mount.folder}, or cannot be told"
        elif not there.matches(wanted):
            return f"another directory than the folder {mount.folder} came to {mount.target}", True
    return unseen, not unseen


def _has_ended(ports: Ports, session: Session) -> bool:
    now = next((one for one in ports.engine.glance() if one.id == session.id), None)
    return now is not None and now.phase is not Phase.RUNNING


def _is_about(error: StartFailed, mount: Mount) -> bool:
    return mount.source in error.message
