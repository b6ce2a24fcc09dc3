"""Commands about environments that are saved and deleted: one function a command, named like it."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from datetime import datetime

from sessiontui import wiring
from sessiontui.actions import saved
from sessiontui.actions.ports import Ports, find_session
from sessiontui.cli.printing import printable
from sessiontui.config import Settings
from sessiontui.domain.errors import HostError
from sessiontui.domain.units import format_bytes


def save(arguments: Namespace, settings: Settings) -> int:
    """Save a session as an environment of the person; print how it is launched."""
    ports = wiring.ports(settings, os.environ)
    session = find_session(ports.engine, arguments.name, ports.owner)
    if not arguments.force and (before := saved.namesake(ports, arguments.environment)) is not None:
        raise HostError(f"there is {before.label} already", "add --force to add a version to it")
    print(f"saving {printable(session.name)}; its programs stand still meanwhile", file=sys.stderr)
    name = saved.save(
        ports, session, arguments.environment, datetime.now().astimezone(), again=arguments.force
    )
    print(name)
    return 0


def remove_environment(arguments: Namespace, ports: Ports) -> int:
    """Delete the image of an environment's version, after saying how big it is."""
    # A colon before the last slash is a registry's port.
    path, slash, last = arguments.name.rpartition("/")
    name, _, version = last.partition(":")
    found = saved.deletion(ports, f"{path}{slash}{name}", version)
    environment, chosen = found.environment, found.version
    if found.users:
        raise saved.in_use(environment, chosen, found.users)
    if not arguments.yes:
        if not sys.stdin.isatty():
            raise HostError("delete asks, and there is no terminal to ask in", "add --yes to delete")
        size = format_bytes(ports.engine.image_sizes().get(chosen.image))
        again = "it can be built again" if environment.recipe else "it cannot be made again"
        print(f"{printable(environment.name)}:{chosen.name}: its image ({size} with what it shares); {again}")
        if input("Delete? [y/N] ").strip().lower() not in ("y", "yes"):
            print("Nothing was deleted.")
            return 1
    saved.delete(ports, environment, chosen)
    print(f"{printable(environment.name)}:{chosen.name}")
    return 0
