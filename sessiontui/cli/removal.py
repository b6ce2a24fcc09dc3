"""Deletes sessions from the command line, after saying what dies with them, or saving it: ``rm``."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence

from sessiontui import wiring
from sessiontui.actions import end, rescue
from sessiontui.actions.ports import Ports, ensure_may_touch, find_session
from sessiontui.cli.complaint import complain
from sessiontui.cli.files import CopyLine
from sessiontui.cli.printing import print_table, printable
from sessiontui.cli.ssh_config import keep_current
from sessiontui.config import Settings
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import (
    Cancelled,
    EngineDenied,
    EngineUnreachable,
    HostError,
    NotYours,
    SessionGone,
    SessiontuiError,
    Unknown,
)
from sessiontui.domain.launch import unknown
from sessiontui.domain.rescue import amount_of, sum_of
from sessiontui.domain.session import Losses, Session
from sessiontui.domain.units import format_bytes

_NAMED = 3
"""How many of the newest files of a session are named."""


def rm(arguments: Namespace, settings: Settings) -> int:
    """Delete sessions; one that fails does not keep the others from it."""
    ports = wiring.ports(settings, os.environ)
    sessions = _found(ports, arguments.names)
    code = 0 if len(sessions) == len(set(arguments.names)) else 1
    if not sessions:
        return code
    folder: str | None = arguments.save_to
    if folder is not None:
        # What is left of one that was killed takes room that this one may need.
        rescue.sweep(ports)
        folders = [one.name for one in ports.storage.folders()]
        if folder not in folders:
            raise Unknown(unknown("folder", folder, folders), f"make it: sessiontui folders create {folder}")
    if not arguments.yes and not _agreed(ports, sessions, folder):
        print("Nothing was deleted.")
        return 1
    for session in sessions:
        try:
            _delete(ports, session, folder)
        except (EngineUnreachable, EngineDenied, Cancelled):
            raise
        except SessiontuiError as error:
            code = 1
            complain(error.message, error.hint)
    keep_current(ports)
    return code


def _found(ports: Ports, names: Sequence[str]) -> list[Session]:
    """The sessions of these names that the person may delete; of the others it is said why not."""
    found = []
    for name in dict.fromkeys(names):
        try:
            session = find_session(ports.engine, name, ports.owner)
            ensure_may_touch(session, ports.owner)
        except (NotYours, Unknown) as error:
            complain(error.message, error.hint)
        else:
            found.append(session)
    return found


def _delete(ports: Ports, session: Session, folder: str | None) -> None:
    if folder is None:
        if warning := end.delete(ports, session):
            complain(warning)
        print(session.name)
        return
    with CopyLine(sys.stderr) as report:
        saved = rescue.save_and_delete(ports, session, folder, report, Cancellation())
    for one in saved.left_out:
        complain(f"left out {printable(one)}")
    if saved.warning:
        complain(saved.warning)
    print(f"{session.name}: {saved.tally} in {saved.path}")


def _agreed(ports: Ports, sessions: Sequence[Session], folder: str | None) -> bool:
    """Say what dies, or is saved, of each and of all; whether the person wants that."""
    if not sys.stdin.isatty():
        raise HostError("delete asks, and there is no terminal to ask in", "add --yes to delete")
    homes, outsides = [], []
    rows = []
    for session in sessions:
        home, outside = _told(end.losses, ports, session), _told(end.losses_outside, ports, session)
        homes.append(home)
        outsides.append(outside)
        stays = ", ".join(mount.folder for mount in session.mounts)
        rows.append((session.name, str(session.phase), amount_of(home), amount_of(outside), stays or "—"))
    if len(sessions) > 1:
        rows.append(("in all", "", amount_of(sum_of(homes)), amount_of(sum_of(outsides)), ""))
    print_table(("NAME", "PHASE", "IN ITS HOME", "OUTSIDE", "FOLDERS THAT STAY"), rows)
    for session, *losses in zip(sessions, homes, outsides, strict=True):
        for file in sum_of(losses).newest[:_NAMED]:
            print(f"  {session.name}: {printable(file.path)}, {format_bytes(file.bytes)}")
    what = "Delete" if folder is None else f"Save to {folder} and delete"
    return input(f"{what}? [y/N] ").strip().lower() in ("y", "yes")


def _told(losses: Callable[[Ports, Session], Losses], ports: Ports, session: Session) -> Losses:
    """What it would destroy; unknown where the engine cannot tell, which keeps nobody from deleting it."""
    try:
        return losses(ports, session)
    except (EngineUnreachable, EngineDenied, SessionGone):
        raise
    except SessiontuiError:
        return Losses(complete=False)
