"""The text of ssh_config(5) that gives a session a name for ssh, scp, sftp, rsync and editors.

A laptop needs the session's private key and its host key before the first login: neither may be asked
about, and the host key may not be taken on trust. Both come by one ``scp`` from this machine, which the
laptop knows already and logs in to anyway: one line that works in every shell and on every client that
has ``ProxyJump``, asks for a password at most once, and leaves files with mode 0600. The alternative of
naming the host key in the block (``KnownHostsCommand``) wants OpenSSH 8.5 and a program at a fixed path,
which Windows and some distributions lack, and the private key would still have to be fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sessiontui.access.forwarding import Destination
from sessiontui.access.keys import KeyFiles, alias
from sessiontui.domain.errors import StorageError

_UNWRITABLE = frozenset("\"\\%$*?[]'`")
"""What ssh_config reads as something else, differently from release to release."""

HEAD = (
    "# Kept by sessiontui: a block for each session that takes SSH. What is changed here is lost.\n"
    "# ~/.ssh/config includes it: `sessiontui ssh-config`, and `--remove` to end that.\n"
)


@dataclass(frozen=True, slots=True)
class Host:
    """A session as ssh reaches it from this machine."""

    name: str
    port: int
    """On this machine's loopback."""
    files: KeyFiles


def quoted(path: Path) -> str:
    """A path as a line of ssh_config takes it. Raises StorageError for one that cannot be written there."""
    text = str(path)
    if not text.isprintable() or not _UNWRITABLE.isdisjoint(text):
        raise StorageError(
            f"{text!r} cannot be written in an ssh_config", "point XDG_STATE_HOME to a path of plain letters"
        )
    return f'"{text}"' if " " in text else text


def here(hosts: Iterable[Host]) -> str:
    """The file of all sessions, for this machine. Raises StorageError."""
    blocks = [
        _block(host, quoted(host.files.private), quoted(host.files.known_hosts), "none") for host in hosts
    ]
    return "\n".join((HEAD, *blocks))


def on_a_laptop(host: Host, box: Destination) -> str:
    """The block for a laptop that reaches this machine as ``box``."""
    key = f"~/.ssh/{alias(host.name)}"
    # What a file says for all hosts before its first block stays for all when this is put above it.
    return _block(host, key, f"{key}.known_hosts", box.jump) + "Match all\n"


def fetch_command(host: Host, box: Destination) -> str:
    """The line that brings the files of that block to the laptop."""
    # Clients before OpenSSH 9 have the path read by a shell over there, later ones take it for a pattern.
    directory = str(host.files.private.parent).replace(" ", "\\ ")
    option, place = box.file(f"{directory}/*")
    return " ".join(filter(None, ("scp", option, f"'{place}'", "~/.ssh/")))


def _block(host: Host, key: str, known_hosts: str, jump: str) -> str:
    lines: Sequence[str] = (
        "HostName 127.0.0.1",
        f"Port {host.port}",
        "User work",
        f"ProxyJump {jump}",
        f"IdentityFile {key}",
        "IdentitiesOnly yes",
        f"UserKnownHostsFile {known_hosts}",
        f"HostKeyAlias {host.files.alias}",
        "StrictHostKeyChecking yes",
        # The first one is done in hardware: half as fast again as what ssh would choose. A list that
        # begins with ^ would do, but clients before OpenSSH 8.1 read none of a file that has one.
        "Ciphers aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes128-ctr",
    )
    return "".join((f"Host {alias(host.name)}\n", *(f"    {line}\n" for line in lines)))
