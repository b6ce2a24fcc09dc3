"""A launch once more: what a person chose, from the session that came of it."""

from __future__ import annotations

import math
import re
from collections.abc import Collection

from sessiontui.domain.environment import OTHER
from sessiontui.domain.folder import HOME, Mount, MountChoice
from sessiontui.domain.launch import Draft
from sessiontui.domain.record import Record
from sessiontui.domain.session import Session

_NUMBERED = re.compile(r"(?P<stem>.*[^-])-(?P<number>[2-9]|[1-9]\d{1,5})\Z", re.DOTALL)
_LONGEST_NAME = 64


def draft_of(what: Session | Record, *, mine: bool = True) -> Draft:
    """The draft that would launch it again, without a name.

    It asks for as many GPUs of as much memory, not for the same: others may have those by now.
    Secret variables have no value: that was never kept. Of another user's (``mine`` False) the values
    of the other variables are not taken over either.
    """
    session = what.session if isinstance(what, Record) else what
    named = session.environment not in ("", OTHER)
    cpu = session.ask.cpu
    return Draft(
        environment=session.environment if named else "",
        version=session.version if named else "",
        image="" if named else session.image,
        cpu=cpu if math.isfinite(cpu) and cpu > 0 else None,
        memory=session.ask.memory if session.ask.memory > 0 else None,
        gpu=max(0, session.ask.gpu),
        gpu_memory=session.gpu_memory if session.ask.gpu > 0 else None,
        gpu_shared=session.gpu_shared,
        mounts=tuple(_choice(mount) for mount in session.mounts if not _automatic(mount)),
        env=session.env if mine else (),
        ports=tuple(sorted(app.port for app in session.apps if app.own)),
        secrets=tuple((name, "") for name in session.secret_names),
        batch=session.batch,
    )


def repeated_name(name: str, taken: Collection[str]) -> str:
    """The name once more where it is free, else with the next free number behind it."""
    if name not in taken:
        return name
    match = _NUMBERED.match(name)
    stem, number = (match["stem"], int(match["number"])) if match else (name, 1)
    while True:
        number += 1
        end = f"-{number}"
        numbered = stem[: _LONGEST_NAME - len(end)] + end
        if numbered not in taken:
            return numbered


def _choice(mount: Mount) -> MountChoice:
    usual = mount.target in ("", f"{HOME}/{mount.folder}")
    below = mount.target.removeprefix(f"{HOME}/")
    return MountChoice(mount.folder, mount.read_only, "" if usual else below)


def _automatic(mount: Mount) -> bool:
    """Whether it is mounted just so without being asked for."""
    usual = mount.target == f"{HOME}/{mount.folder}"
    return mount.folder.startswith(".") and usual and not mount.read_only
