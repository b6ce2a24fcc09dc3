"""What the verbs of ``folders`` do: one function a verb, named like it."""

from __future__ import annotations

import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sessiontui import wiring
from sessiontui.actions import describe
from sessiontui.actions import folders as actions
from sessiontui.actions.ports import Ports
from sessiontui.cli.complaint import complain
from sessiontui.cli.printing import print_json, print_table, printable
from sessiontui.config import Settings
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import (
    Cancelled,
    EngineDenied,
    EngineUnreachable,
    HostError,
    Refused,
    SessiontuiError,
    Unknown,
)
from sessiontui.domain.folder import Discarded, Extent, Folder
from sessiontui.domain.session import Session
from sessiontui.domain.units import format_age, format_bytes

_SECONDS = 5.0
"""The most that counting one folder may take here."""


def folders(arguments: Namespace, settings: Settings) -> int:
    """Do what the verb says."""
    ports = wiring.ports(settings, os.environ)
    verbs: dict[str, Callable[[Ports, Namespace], int]] = {
        "ls": _trash if getattr(arguments, "trash", False) else _ls,
        "create": _create,
        "import": _import,
        "rename": _rename,
        "rm": _rm,
        "restore": _restore,
        "empty": _empty,
    }
    return verbs[arguments.verb](ports, arguments)


def _ls(ports: Ports, arguments: Namespace) -> int:
    found = ports.storage.folders()
    sessions: Sequence[Session] = ports.engine.sessions() if found else ()
    deleted = actions.deleted_users(ports)
    objects = [describe.folder_json(folder, _extent(ports, folder), sessions, deleted) for folder in found]
    if arguments.json:
        print_json(objects)
        return 0
    rows = [
        (
            one["name"],
            one["permission"],
            one["owner"] or "—",
            format_bytes(one["size"]),
            "—" if one["files"] is None else str(one["files"]),
            ", ".join(one["mounted_by"]) or "—",
            f"{one['path']} (imported)" if one["imported"] else one["path"],
        )
        for one in objects
    ]
    print_table(
        ("NAME", "PERMISSION", "OWNER", "SIZE", "FILES", "MOUNTED BY", "PATH"), rows, fit=True, give=5
    )
    for folder in found:
        if folder.trouble:
            complain(f"{folder.name} cannot be mounted: {folder.trouble}")
    return 0


def _trash(ports: Ports, arguments: Namespace) -> int:
    found = ports.storage.trash()
    if arguments.json:
        print_json([describe.discarded_json(one) for one in found])
        return 0
    rows = [(one.name, _age(one), one.id) for one in found]
    print_table(("NAME", "REMOVED", "ID"), rows)
    return 0


def _create(ports: Ports, arguments: Namespace) -> int:
    print(ports.storage.create(arguments.name).path)
    return 0


def _import(ports: Ports, arguments: Namespace) -> int:
    path = Path(arguments.path).expanduser().absolute()
    folder = actions.adopt(ports, str(path), arguments.name or path.resolve().name)
    print(folder.name)
    return 0


def _rename(ports: Ports, arguments: Namespace) -> int:
    print(actions.rename(ports, arguments.old, arguments.new).name)
    return 0


def _rm(ports: Ports, arguments: Namespace) -> int:
    names = list(dict.fromkeys(arguments.names))
    if not arguments.yes:
        known = {folder.name: folder for folder in ports.storage.folders()}
        for name in names:
            if name in known:
                print(f"{name}: {_what_happens(known[name])}")
        if not _agreed("Remove? [y/N] ", "remove"):
            print("Nothing was removed.")
            return 1
    return _each(names, lambda name: (actions.discard(ports, name), name)[1])


def _restore(ports: Ports, arguments: Namespace) -> int:
    trash = ports.storage.trash()
    wanted = next((one for one in trash if arguments.name in (one.id, one.name)), None)
    if wanted is None:
        raise Unknown(
            f"the trash holds no {arguments.name!r}", "see what it holds: sessiontui folders ls --trash"
        )
    print(actions.restore(ports, wanted.id).path)
    return 0


def _empty(ports: Ports, arguments: Namespace) -> int:
    trash = ports.storage.trash()
    if not trash:
        return 0
    if not arguments.yes:
        for one in trash:
            print(f"{one.name}, removed {_age(one)} ago")
        if not _agreed("Remove these with all their files for good? [y/N] ", "remove"):
            print("Nothing was removed.")
            return 1
    names = {one.id: one.name for one in trash}

    def destroy(id_: str) -> str:
        actions.destroy(ports, id_, Cancellation())
        return names[id_]

    return _each(list(names), destroy)


def _each(names: Sequence[str], act: Callable[[str], str]) -> int:
    """Do it to each and print what it gives; one that fails does not keep the others from it."""
    failed = False
    for name in names:
        try:
            print(act(name))
        except Refused as error:
            failed = True
            for problem in error.problems:
                complain(problem.message)
        except (EngineUnreachable, EngineDenied):
            # Nor would it answer for the others.
            raise
        except SessiontuiError as error:
            failed = True
            complain(error.message, error.hint)
    return 1 if failed else 0


def _extent(ports: Ports, folder: Folder) -> Extent | None:
    """What is in it; None where that cannot be told, or takes too long to count."""
    cancellation, end = Cancellation(), time.monotonic() + _SECONDS

    def look_at_the_clock(_: Extent) -> None:
        if time.monotonic() > end:
            cancellation.request()

    try:
        return ports.storage.measure(folder.name, cancellation, look_at_the_clock)
    except Cancelled:
        return None
    except SessiontuiError:  # what is the matter with it is told beside it
        return None


def _what_happens(folder: Folder) -> str:
    if folder.imported:
        return f"is let go of; its files stay in {printable(folder.path)}"
    return "goes to the trash, from where `sessiontui folders restore` takes it back"


def _agreed(question: str, what: str) -> bool:
    if not sys.stdin.isatty():
        raise HostError(f"{what} asks, and there is no terminal to ask in", f"add --yes to {what}")
    return input(question).strip().lower() in ("y", "yes")


def _age(one: Discarded) -> str:
    return format_age(datetime.now(UTC).timestamp() - one.discarded_at)
