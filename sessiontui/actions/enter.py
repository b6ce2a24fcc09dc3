"""Takes a person into a shell of a session, and has a shell whose line drops told so."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sessiontui.actions.ports import Ports, ensure_may_touch
from sessiontui.domain.errors import SessiontuiError, Unknown
from sessiontui.domain.session import Session
from sessiontui.engine.port import LEFT, Engine, Pipe

_BY_SIGNAL = 128
"""Exit codes from here on tell of a signal: the program in the terminal did not end by itself."""

_THEN_WAIT = """\
trap : INT QUIT
"$0" -c "$1"
code=$?
printf '\\n(ended with exit code %s; Enter goes back) ' "$code"
read -r _
exit "$code"
"""
"""Runs the line $1 by the shell $0 and keeps what it printed in view. Ctrl+C ends the line alone."""


@dataclass(frozen=True, slots=True)
class WayIn:
    """A way into a session that may be taken once."""

    session: Session
    name: str
    """Tells this entry from others into the same session."""
    argv: Sequence[str]
    """What puts the shell into this terminal."""


def line_command(line: str, program: str = "") -> tuple[str, ...]:
    """The command that runs a line typed by a person, and waits until they have read what it printed."""
    return ("/bin/sh", "-c", _THEN_WAIT, program or "/bin/sh", line)


def way_in(
    ports: Ports, session: Session, command: Sequence[str] = (), *, terminal: str, program: str = ""
) -> WayIn:
    """A way into a shell (the user's own, or the program of that path), or a command.

    Raises NotYours, HostError, EngineError.
    """
    ensure_may_touch(session, ports.owner)
    name = secrets.token_hex(8)
    argv = ports.engine.shell(session, command, terminal=terminal, program=program, entry=name)
    return WayIn(session, name, argv)


def enter(engine: Engine, entry: WayIn, run_in_terminal: Callable[[list[str], str], int], banner: str) -> int:
    """Take it, and return the exit code once the person is back.

    A shell left running on purpose goes on; one whose line drops, or whose dashboard is killed, gets
    what a closed terminal gives: SIGHUP. Raises what ``run_in_terminal`` raises.
    """
    # A line may drop as soon as the shell is there, so its attendant comes first.
    attendant: Pipe | None = None
    with suppress(SessiontuiError):
        attendant = engine.attend(entry.session, entry.name)
    left = False
    try:
        code = run_in_terminal(list(entry.argv), banner)
        left = code < _BY_SIGNAL
    finally:
        if attendant is not None:
            # A session of an older version has none that takes the word.
            with suppress(SessiontuiError):
                if left:
                    attendant.write(LEFT)
            attendant.close()
    return code


def program_named(engine: Engine, session: Session, name: str) -> str:
    """The path of the session's shell of that name or path. Raises Unknown with those there are."""
    found = engine.shells(session)
    for path in found:
        if name in (path, path.rpartition("/")[2]):
            return path
    names = ", ".join(path.rpartition("/")[2] for path in found)
    raise Unknown(f"{session.name} has no shell {name!r}", f"it has {names}" if names else "")
