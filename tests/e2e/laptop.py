"""A box that people log in to by a real sshd, and a laptop that reaches nothing else of it.

Both are users of this machine with homes of their own. The laptop has a network namespace, joined to
the box by a pair of interfaces: what listens on the box's loopback is out of its reach.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PATH = "/usr/local/bin:/usr/bin:/bin"

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Person:
    """A user with a home; ``entrance`` is the command that leads to where they are."""

    name: str
    home: Path
    entrance: tuple[str, ...] = ()

    @property
    def argv(self) -> list[str]:
        """What goes before a command that this person runs."""
        account = pwd.getpwnam(self.name)
        become = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        environ = {"HOME": str(self.home), "USER": self.name, "PATH": _PATH, "LANG": "C.UTF-8"}
        return [*self.entrance, *become, "env", "-i", *(f"{key}={value}" for key, value in environ.items())]

    def sh(self, line: str, seconds: float = 60) -> Done:
        """Run a line of shell in the home; nobody answers a question."""
        return subprocess.run(
            [*self.argv, "sh", "-c", f'cd && {line}'], check=False, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=seconds, start_new_session=True,
        )  # fmt: skip

    def start(self, line: str) -> subprocess.Popen[bytes]:
        """Start a line of shell as the leader of a group of its own."""
        return subprocess.Popen(
            [*self.argv, "sh", "-c", f'cd && {line}'], stdin=subprocess.DEVNULL, start_new_session=True
        )  # fmt: skip

    def write(self, path: str, content: bytes, mode: int = 0o600) -> Path:
        """A file of the person's, below the home; its directories are theirs alone."""
        account = pwd.getpwnam(self.name)
        file = self.home / path
        missing = [one for one in file.parents if not one.exists()]
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_bytes(content)
        file.chmod(mode)
        for one in (file, *missing):
            os.chown(one, account.pw_uid, account.pw_gid)
        return file


@dataclass(frozen=True)
class Place:
    """The box as the laptop sees it."""

    box: Person
    laptop: Person
    address: str
    port: int

    @property
    def environ(self) -> Mapping[str, str]:
        """What the box's person has in a login from the laptop, working with sudo."""
        account = pwd.getpwnam(self.box.name)
        return {
            "SUDO_UID": str(account.pw_uid),
            "SUDO_GID": str(account.pw_gid),
            "SUDO_USER": self.box.name,
            "SSH_CONNECTION": f"198.51.100.9 50000 {self.address} {self.port}",
        }


@contextlib.contextmanager
def place() -> Iterator[Place]:
    """Make them, with the laptop's key known to the box and the box's host key to the laptop."""
    number = os.getpid() % 250
    address = f"10.213.{number}.1"
    with contextlib.ExitStack() as stack:
        homes = Path(tempfile.mkdtemp(prefix="st-homes-", dir="/var/tmp"))
        stack.callback(shutil.rmtree, homes, ignore_errors=True)
        homes.chmod(0o755)
        box = Person(f"stbox{number}", homes / "box")
        namespace = f"stlaptop{number}"
        laptop = Person(namespace, homes / "laptop", ("ip", "netns", "exec", namespace))
        for person in (box, laptop):
            stack.enter_context(_account(person))
        stack.enter_context(_wire(namespace, f"st{number}", address))
        keygen = "mkdir -m 700 .ssh && ssh-keygen -q -t ed25519 -N '' -f .ssh/id_ed25519"
        assert laptop.sh(keygen).returncode == 0
        box.write(".ssh/authorized_keys", (laptop.home / ".ssh/id_ed25519.pub").read_bytes())
        port = stack.enter_context(_sshd(homes / "sshd", address, box.name))
        host_key = (homes / "sshd" / "key.pub").read_text()
        laptop.write(".ssh/known_hosts", f"[{address}]:{port} {host_key}".encode())
        yield Place(box, laptop, address, port)


@contextlib.contextmanager
def _account(person: Person) -> Iterator[None]:
    # A password that nothing matches: an sshd without PAM refuses accounts that are locked.
    _run("useradd", "-m", "-d", str(person.home), "-p", "*", "-s", "/bin/bash", person.name)
    try:
        yield
    finally:
        _run("userdel", "-f", person.name)


@contextlib.contextmanager
def _wire(namespace: str, name: str, address: str) -> Iterator[None]:
    _run("ip", "netns", "add", namespace)
    try:
        _run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", namespace)
        _run("ip", "address", "add", f"{address}/30", "dev", name)
        _run("ip", "link", "set", name, "up")
        within = ("ip", "-n", namespace)
        _run(*within, "address", "add", f"{address.removesuffix('1')}2/30", "dev", "eth0")
        for one in ("lo", "eth0"):
            _run(*within, "link", "set", one, "up")
        yield
    finally:
        _run("ip", "netns", "delete", namespace)


@contextlib.contextmanager
def _sshd(directory: Path, address: str, user: str) -> Iterator[int]:
    directory.mkdir()
    with socket.create_server((address, 0)) as free:
        port: int = free.getsockname()[1]
    _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(directory / "key"))
    # Where the daemon was installed and never started, its directory is not there yet.
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    (directory / "config").write_text(
        f"ListenAddress {address}:{port}\nHostKey {directory}/key\nPidFile none\nUsePAM no\n"
        f"AllowUsers {user}\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "Subsystem sftp internal-sftp\n"
    )
    with (
        (directory / "log").open("wb") as log,
        subprocess.Popen(
            ["/usr/sbin/sshd", "-D", "-e", "-f", str(directory / "config")],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        ) as daemon,
    ):  # fmt: skip
        try:
            answers(address, port)
            yield port
        finally:
            daemon.terminate()


def answers(address: str, port: int) -> None:
    """Wait until somebody listens there."""
    end = time.monotonic() + 10
    while True:
        try:
            socket.create_connection((address, port), 1).close()
        except OSError:
            assert time.monotonic() < end, f"nobody listens at {address}:{port}"
            time.sleep(0.05)
        else:
            return


def _run(*command: str, more: Sequence[str] = ()) -> None:
    done = subprocess.run([*command, *more], check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
