"""What each command of the command line does: one function a command, named like it."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence

from sessiontui import wiring
from sessiontui.actions import describe, end
from sessiontui.actions.environments import found_environments
from sessiontui.actions.ports import Ports, find_session
from sessiontui.cli.complaint import complain
from sessiontui.cli.printing import print_json, print_table
from sessiontui.cli.saving import remove_environment
from sessiontui.cli.ssh_config import keep_current
from sessiontui.config import Settings
from sessiontui.domain.errors import EngineDenied, EngineError, EngineUnreachable, HostError, SessiontuiError
from sessiontui.domain.session import Session


def stop(arguments: Namespace, settings: Settings) -> int:
    """Stop sessions, by force where that is asked for."""
    ports = _ports(settings)
    act = end.kill if arguments.kill else end.stop
    return _each(arguments.names, ports, lambda session: act(ports, session))


def start(arguments: Namespace, settings: Settings) -> int:
    """Start sessions."""
    ports = _ports(settings)
    code = _each(arguments.names, ports, lambda session: end.start(ports, session))
    keep_current(ports)
    return code


def environments(arguments: Namespace, settings: Settings) -> int:
    """List environments. Without an engine: those of the catalogue, and a word on stderr."""
    ports = _ports(settings)
    if arguments.verb == "rm":
        return remove_environment(arguments, ports)
    known = ports.catalogue.environments()
    sizes: Mapping[str, int] = {}
    try:
        known += found_environments(ports, hidden=arguments.all)
        sizes = ports.engine.image_sizes()
    except EngineError as error:
        complain(f"those of images on the engine are left out: {error.message}", error.hint)
    objects = [described for one in known for described in describe.environment_json(one, sizes)]
    if arguments.json:
        print_json(objects)
    else:
        rows = [
            (
                f"{one['name']}:{one['version']}",
                " · ".join((f"{one['label']} {one['version_label']}", *one["tags"])),
                one["image"],
                ", ".join(one["apps"]),
            )
            for one in objects
        ]
        print_table(("ENVIRONMENT", "WHAT IT IS", "IMAGE", "APPS"), rows, fit=True)
    return 0


def setup(arguments: Namespace, settings: Settings) -> int:
    """Bring the machine to where a session can be launched."""
    from sessiontui.actions.setup import set_up

    def ask(question: str) -> bool:
        if not sys.stdin.isatty():
            raise HostError(f"{question} There is no terminal to ask in.", "add --yes to agree to all")
        return input(f"{question} [Y/n] ").strip().lower() in ("", "y", "yes")

    set_up(lambda: _connected(settings), wiring.host(os.environ), yes=arguments.yes, ask=ask, say=_say)
    return 0


def doctor(arguments: Namespace, settings: Settings) -> int:
    """Print the checks; 0 when all is well."""
    from sessiontui.actions.setup import doctor as examine

    well = examine(lambda: _connected(settings), wiring.host(os.environ), _say)
    return 0 if well else 1


def _ports(settings: Settings) -> Ports:
    return wiring.ports(settings, os.environ)


def _connected(settings: Settings) -> Ports:
    """The ports, once the engine has answered."""
    ports = _ports(settings)
    ports.engine.facts()
    return ports


def _each(names: Sequence[str], ports: Ports, action: Callable[[Session], object]) -> int:
    """Do it to each; one that fails does not keep the others from it."""
    failed = False
    for name in names:
        try:
            session = find_session(ports.engine, name, ports.owner)
            action(session)
            print(session.name)
        except (EngineUnreachable, EngineDenied):
            raise
        except SessiontuiError as error:
            failed = True
            complain(error.message, error.hint)
    return 1 if failed else 0


def _say(line: str) -> None:
    print(line, flush=True)
