"""What keeps a session from ending or from being removed: processes, containers and mounts that hold it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from sessiontui.dockerd.errors import translated
from sessiontui.domain.errors import EngineError
from sessiontui.engine.link import Link
from sessiontui.engine.text import plain

_SHOWN = 3
"""How many holders are named; the others are counted."""


def stuck_processes(link: Link, container_id: str) -> str:
    """The processes of a container that no signal ends (state D), in words; empty where none is known."""
    found = []
    with suppress(EngineError), translated(container_id, gone=True):
        path = f"/containers/{container_id}/top"
        told = link.reader.get(path, {"ps_args": "-eo pid,stat,comm"})
        for row in told.get("Processes") or ():
            if len(row) >= 3 and str(row[1]).startswith("D"):
                found.append(f"{row[2]} ({row[0]})")
    if not found:
        return ""
    return f"{named(found)} cannot be interrupted (state D)"


def containers_with(link: Link, volume: str) -> tuple[str, ...]:
    """The names of the containers that a volume is mounted in; empty where the engine does not tell."""
    with suppress(EngineError), translated(volume):
        items = link.reader.get("/containers/json", {"filters": {"volume": [volume]}, "all": True})
        names = (str(next(iter(item.get("Names") or ()), item.get("Id", "")[:12])) for item in items)
        return tuple(name.lstrip("/") for name in names)
    return ()


def processes_with(mounted: str, proc: Path = Path("/proc")) -> tuple[str, ...]:
    """The processes of this machine that see a mount whose path holds these words: ``name (pid)``.

    A mount that lives on in the namespace of another program is what makes the engine say that a
    container's files are busy. Only those are found that this user may look at.
    """
    return tuple(_processes_with(mounted, proc))


def _processes_with(mounted: str, proc: Path) -> Iterator[str]:
    for directory in sorted(proc.glob("[0-9]*"), key=lambda one: int(one.name)):
        with suppress(OSError):
            if mounted in (directory / "mountinfo").read_text(errors="replace"):
                yield f"{(directory / 'comm').read_text(errors='replace').strip()} ({directory.name})"


def named(holders: Sequence[str]) -> str:
    """Holders in a sentence: what is in them is a stranger's."""
    more = f" and {len(holders) - _SHOWN} more" if len(holders) > _SHOWN else ""
    return plain(", ".join(holders[:_SHOWN])) + more
