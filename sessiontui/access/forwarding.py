"""How the person's own machine reaches this one, and the lines that carry a port of it there."""

from __future__ import annotations

import getpass
import re
from collections.abc import Mapping
from dataclasses import dataclass

_SSHD_PORT = "22"

_WITH_PORT = re.compile(r"(?P<bare>\[[^\]]*\]|[^:]*):(?P<port>\d{1,5})\Z")


@dataclass(frozen=True, slots=True)
class Destination:
    """This machine as ssh on the person's own machine names it.

    ``host`` is an address, a name, or a ``Host`` of the person's own ssh_config; IPv6 without brackets.
    """

    host: str
    user: str = ""
    port: str = ""
    """Empty: what ssh takes by itself."""

    @property
    def words(self) -> str:
        """For ssh: ``-p PORT user@host``."""
        return f"-p {self.port} {self._user}{self.host}" if self.port else f"{self._user}{self.host}"

    @property
    def jump(self) -> str:
        """For ``ProxyJump``: ``user@host:port``."""
        return f"{self._user}{self._bracketed}" + (f":{self.port}" if self.port else "")

    def file(self, path: str) -> tuple[str, str]:
        """For scp: the option that names the port (may be empty), and ``user@host:path``."""
        return (f"-P {self.port}" if self.port else "", f"{self._user}{self._bracketed}:{path}")

    @property
    def _user(self) -> str:
        return f"{self.user}@" if self.user else ""

    @property
    def _bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


def destination(environ: Mapping[str, str], setting: str = "") -> Destination:
    """Where the person's own machine finds this one.

    The setting (``host``, ``user@host``, ``user@host:port``, ``ssh://…``) wins (jump hosts, NAT); else
    the address this machine was reached at, which sshd leaves in ``SSH_CONNECTION`` as the third and
    fourth of four words; else the place is local. Under sudo the user is the one who called it.
    """
    if setting:
        user, _, host = setting.removeprefix("ssh://").rstrip("/").rpartition("@")
        found = _WITH_PORT.match(host)
        port = found["port"] if found else ""
        host = found["bare"] if found else host
        return Destination(host.removeprefix("[").removesuffix("]"), user, port)
    names = (environ.get(name) for name in ("SUDO_USER", "USER", "LOGNAME"))
    user = next(filter(None, names), None) or getpass.getuser()
    words = environ.get("SSH_CONNECTION", "").split()
    if len(words) != 4:
        return Destination("localhost", user)
    return Destination(words[2], user, "" if words[3] == _SSHD_PORT else words[3])


def forward_command(port: int, environ: Mapping[str, str], setting: str = "") -> str:
    """The ``ssh -N -L`` line to run on the laptop; includes sshd's port when it is not 22."""
    return f"ssh -N -L {port}:127.0.0.1:{port} {destination(environ, setting).words}"


def local_forward(port: int) -> str:
    """The setting of ssh_config(5) that does the same with every connection to this machine."""
    return f"LocalForward {port} 127.0.0.1:{port}"


def from_afar(environ: Mapping[str, str], setting: str = "") -> bool:
    """Whether the person sits at another machine, or says how one finds this."""
    return over_ssh(environ) or bool(setting)


def over_ssh(environ: Mapping[str, str]) -> bool:
    """Whether the person sits at another machine."""
    return any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"))
