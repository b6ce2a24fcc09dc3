"""The commands that bring a person to what is in a session: one function a command, named like it."""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import Namespace

from sessiontui import wiring
from sessiontui.actions import app_life, describe
from sessiontui.actions.open_app import open_app
from sessiontui.actions.ports import Ports, ensure_may_touch, find_session
from sessiontui.cli.complaint import complain
from sessiontui.cli.harmless import Harmless
from sessiontui.cli.printing import print_json, print_table, printable, shorten
from sessiontui.cli.ssh_config import keep_current
from sessiontui.config import Settings
from sessiontui.domain.detach_keys import readable_chord
from sessiontui.domain.errors import HostError, SessiontuiError
from sessiontui.domain.session import Session
from sessiontui.engine.port import Stream


def apps(arguments: Namespace, settings: Settings) -> int:
    """List the apps a session can run, each with what it does."""
    ports, session = _named(arguments, settings)
    offered = app_life.offered_apps(ports, session)
    if arguments.json:
        print_json([describe.app_json(one.app, one.state) for one in offered])
    else:
        rows = [
            (
                one.app.name,
                one.app.label,
                one.app.group,
                f"{one.state.phase}" + (f" ({shorten(one.state.reason, 60)})" if one.state.reason else ""),
            )
            for one in offered
        ]
        print_table(("APP", "LABEL", "GROUP", "STATE"), rows, fit=True, give=2)
    return 0


def open(arguments: Namespace, settings: Settings) -> int:  # noqa: A001
    """Start an app and print its endpoint."""
    ports, session = _named(arguments, settings)
    keep_current(ports)
    endpoint = open_app(
        ports,
        session,
        arguments.app,
        keys=wiring.keys(os.environ),
        environ=os.environ,
        answer=arguments.answer,
    )
    if arguments.json:
        print_json(describe.endpoint_json(endpoint))
    else:
        if endpoint.url:
            print(printable(endpoint.url))
        print(endpoint.ssh_command)
        for label, line in endpoint.lines:
            print(f"\n# {label}\n{line.rstrip()}")
    return 0


def close(arguments: Namespace, settings: Settings) -> int:
    """End an app."""
    ports, session = _named(arguments, settings)
    print(printable(app_life.end_app(ports, session, arguments.app).name))
    return 0


def shell(arguments: Namespace, settings: Settings) -> int:
    """A shell in this terminal, or a command; without a terminal the command runs plainly."""
    try:
        return _shell(arguments, settings)
    except SessiontuiError as error:
        if not arguments.hold:
            raise
        complain(error.message, error.hint)
        input("Enter closes this window. ")
        return 1


def _shell(arguments: Namespace, settings: Settings) -> int:
    ports, session = _named(arguments, settings)
    ensure_may_touch(session, ports.owner)
    command: list[str] = arguments.words
    if arguments.window:
        from sessiontui.access.tmux import open_window

        shell = ["--shell", arguments.shell] if arguments.shell else []
        again = [*wiring.program(arguments.config), "shell", "--hold", *shell, session.id]
        open_window([*again, *(["--", *command] if command else [])], session.name, os.environ)
        return 0
    if not sys.stdin.isatty():
        if not command:
            raise HostError("a shell needs a terminal on standard input", "give a command: -- CMD…")
        argv = ports.engine.shell(session, command, terminal=None)
        return subprocess.run(argv, check=False).returncode
    from sessiontui.access.terminal import run_in_terminal
    from sessiontui.actions.enter import enter, program_named, way_in

    program = program_named(ports.engine, session, arguments.shell) if arguments.shell else ""
    terminal = os.environ.get("TERM") or "xterm"
    entry = way_in(ports, session, command, terminal=terminal, program=program)
    banner = "" if command else f"{readable_chord(settings.detach_keys)} leaves the shell running."
    return enter(ports.engine, entry, run_in_terminal, banner)


def logs(arguments: Namespace, settings: Settings) -> int:
    """Print the log, or the last output of one app."""
    ports, session = _named(arguments, settings)
    if arguments.app:
        output = app_life.app_output(ports, session, arguments.app)
        lines = output.splitlines()
        shown = lines if arguments.tail is None else lines[len(lines) - arguments.tail :]
        print("\n".join(shown), end="\n" if shown else "")
        return 0
    stream = ports.engine.logs(session, follow=arguments.follow, tail=arguments.tail)
    if sys.stdout.isatty():
        _show(stream)
        return 0
    for chunk in stream:
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    return 0


def _show(stream: Stream) -> None:
    """Write the log to the terminal, which obeys nothing of it but its colours."""
    harmless = Harmless()
    try:
        for chunk in stream:
            sys.stdout.write(harmless.feed(chunk))
            sys.stdout.flush()
        sys.stdout.write(harmless.feed(b"", last=True))
    finally:
        if harmless.coloured:
            sys.stdout.write("\x1b[0m")
        sys.stdout.flush()


def _named(arguments: Namespace, settings: Settings) -> tuple[Ports, Session]:
    """The ports, and the session that the arguments name."""
    ports = wiring.ports(settings, os.environ)
    return ports, find_session(ports.engine, arguments.name, ports.owner)
