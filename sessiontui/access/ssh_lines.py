"""Ready-made lines that log in to a session and copy files, as a person types them."""

from __future__ import annotations

import shlex

from sessiontui.access.forwarding import Destination
from sessiontui.access.keys import alias
from sessiontui.access.ssh_blocks import Host, fetch_command, on_a_laptop

Lines = tuple[tuple[str, str], ...]
"""What each line is for, and the line; one may be a block of several lines."""


def ssh_lines(host: Host, box: Destination, *, named: bool, afar: bool = False) -> Lines:
    """All of them: for this machine, and for a laptop that reaches this machine as ``box``.

    ``named`` says that ``~/.ssh/config`` knows the session: then the short lines work here, too. With
    ``afar`` the person sits at the laptop, and its lines come first.
    """
    here = (*(short(host.name) if named else ()), *plain(host))
    there = laptop(host, box)
    return (*there, *here) if afar else (*here, *there)


def short(name: str) -> Lines:
    """Lines that work wherever ssh knows the session by its name."""
    known = alias(name)
    lines = _lines(f"ssh {known}", f"sftp {known}", "scp", "rsync -aP", known, "")
    return (*lines, ("VS Code, where ssh knows the name", vscode_link(name)))


def plain(host: Host) -> Lines:
    """Lines that name key and host key, and work on this machine without any set-up."""
    files, port = host.files, host.port
    return _lines(
        files.ssh_command(port),
        files.ssh_command(port, "sftp"),
        files.options(port, "scp"),
        shlex.join(("rsync", "-aP", "-e", files.options(port))),
        "work@127.0.0.1",
        " (no set-up needed)",
    )


def laptop(host: Host, box: Destination) -> Lines:
    """What gives a laptop the session's name: two files, and a block for its own ``~/.ssh/config``."""
    return (
        ("On your laptop, once: fetch its keys", fetch_command(host, box)),
        ("On your laptop, once: at the top of ~/.ssh/config", on_a_laptop(host, box)),
        ("On your laptop, from then on", f"ssh {alias(host.name)}"),
        ("VS Code on your laptop, from then on", vscode_link(host.name)),
    )


def vscode_link(name: str) -> str:
    """Opens the session's home in VS Code, which has ssh look the name up where VS Code runs."""
    return f"vscode://vscode-remote/ssh-remote+{alias(name)}/home/work"


def _lines(ssh: str, sftp: str, scp: str, rsync: str, place: str, note: str) -> Lines:
    return (
        (f"Log in{note}", ssh),
        (f"Look through its files{note}", sftp),
        (f"Copy a file into it{note}", f"{scp} FILE {place}:"),
        (f"Copy a file out of it{note}", f"{scp} {place}:FILE ."),
        (f"Copy a directory into it, or what changed{note}", f"{rsync} DIRECTORY/ {place}:DIRECTORY/"),
        (f"Copy a directory out of it, or what changed{note}", f"{rsync} {place}:DIRECTORY/ DIRECTORY/"),
    )
