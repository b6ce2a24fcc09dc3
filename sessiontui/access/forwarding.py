"""The lines that carry a port of this machine to a laptop."""

from __future__ import annotations

import getpass
from collections.abc import Mapping


def destination(environ: Mapping[str, str], setting: str = "") -> str:
    """``user@host`` as the person's own machine reaches this one.

    The setting wins (jump hosts, NAT); else the address this machine was reached at, which sshd
    leaves in ``SSH_CONNECTION`` as the third of four words; else the place is local.
    """
    if setting:
        return setting
    user = environ.get("USER") or environ.get("LOGNAME") or getpass.getuser()
    words = environ.get("SSH_CONNECTION", "").split()
    return f"{user}@{words[2]}" if len(words) == 4 else f"{user}@localhost"


def forward_command(port: int, environ: Mapping[str, str], setting: str = "") -> str:
    """The ``ssh -N -L`` line to run on the laptop; includes sshd's port when it is not 22."""
    words = environ.get("SSH_CONNECTION", "").split()
    door = f"-p {words[3]} " if not setting and len(words) == 4 and words[3] != "22" else ""
    return f"ssh -N -L {port}:127.0.0.1:{port} {door}{destination(environ, setting)}"


def over_ssh(environ: Mapping[str, str]) -> bool:
    """Whether the person sits at another machine."""
    return any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"))
