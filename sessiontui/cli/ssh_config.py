"""``sessiontui ssh-config``: makes ``ssh st-NAME`` work, here and on a laptop."""

from __future__ import annotations

import os
import sys
from argparse import Namespace

from sessiontui import wiring
from sessiontui.access.forwarding import destination
from sessiontui.access.keys import KeyRing, alias
from sessiontui.access.ssh_blocks import fetch_command, on_a_laptop
from sessiontui.access.ssh_config import SshConfig
from sessiontui.actions import ssh_config as action
from sessiontui.actions.ports import Ports, find_session
from sessiontui.cli.complaint import complain
from sessiontui.config import Settings
from sessiontui.domain.errors import HostError, SessiontuiError


def ssh_config(arguments: Namespace, settings: Settings) -> int:
    """Set it up or take it away, or print what a laptop needs of one session."""
    ports, keys = wiring.ports(settings, os.environ), wiring.keys(os.environ)
    config = keys.config
    assert config is not None  # noqa: S101 # only a demo has none
    if arguments.laptop:
        return _print_for_a_laptop(ports, keys, arguments.laptop)
    if arguments.key:
        host = action.ssh_host(ports, keys, find_session(ports.engine, arguments.key, ports.owner))
        key = host.files.private.read_bytes().decode("ascii", "replace")
        # The session's user can write it: what is no key is not for a terminal.
        if not key.startswith("-----BEGIN") or not key.replace("\n", "").isprintable():
            raise HostError("the private key of the session was changed inside it", "launch a new session")
        sys.stdout.write(key)
        return 0
    if arguments.remove:
        return _remove(keys, config)
    return _set_up(ports, keys, config, yes=arguments.yes)


def keep_current(ports: Ports) -> None:
    """Bring the sessions' blocks up to date after one came or went; what fails is told and no more."""
    try:
        action.refresh(ports, wiring.keys(os.environ))
    except SessiontuiError as error:
        complain(f"the names for ssh are not up to date: {error.message}", error.hint)


def _set_up(ports: Ports, keys: KeyRing, config: SshConfig, *, yes: bool) -> int:
    line = config.line
    there = config.installed()
    if not there and not yes:
        if not sys.stdin.isatty():
            raise HostError(
                f"it asks before it writes to {config.path}, and there is no terminal to ask in",
                f"add --yes, or put this line at the top of that file yourself:\n{line}",
            )
        print(
            f"{config.path} gets this line at its top, under a comment that says whose it is:\n\n  {line}\n"
        )
        print("The file it names is kept by sessiontui: a block for each session of yours. Nothing else in")
        print("yours is changed, and `sessiontui ssh-config --remove` takes the line away.")
        if input("Add it? [y/N] ").strip().lower() not in ("y", "yes"):
            print("Nothing was changed.")
            return 1
    names = action.install(ports, keys)
    print(f"{config.path} {'includes the sessions already' if there else 'includes the sessions now'}.")
    for name in names:
        print(f"ssh {alias(name)}")
    if not names:
        print("No running session of yours takes SSH; the next ones will be there by themselves.")
    if elsewhere := config.unread():
        complain(f"ssh does not read {config.path}, but {elsewhere}", f"call it as: ssh -F {config.path} …")
    return 0


def _remove(keys: KeyRing, config: SshConfig) -> int:
    removed = action.remove(keys)
    print(f"{config.path} {'is as it was' if removed else 'had no line of ours'}.")
    if config.installed():
        complain(
            f"{config.path} still includes the sessions by a line that is not ours",
            f"take it away yourself: {config.line}",
        )
    return 0


def _print_for_a_laptop(ports: Ports, keys: KeyRing, name: str) -> int:
    host = action.ssh_host(ports, keys, find_session(ports.engine, name, ports.owner))
    box = destination(os.environ, ports.ssh_destination)
    print("# On your laptop, once: fetch the session's key and host key with")
    print(f"#   {fetch_command(host, box)}")
    print("# and put this at the top of ~/.ssh/config there:")
    print(on_a_laptop(host, box), end="")
    return 0
