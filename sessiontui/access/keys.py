"""Keeps sessions' private SSH keys and host keys in files only their owner reads.

A session has a directory of its own, named by its id, with two files that are named as they are on a
laptop, too: all of it is fetched there by one ``scp`` of the directory's content.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shlex
import shutil
import stat
import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sessiontui.access.on_behalf import on_behalf
from sessiontui.access.whole_file import write_whole
from sessiontui.domain.errors import StorageError
from sessiontui.domain.session import Owner, session_name_problem

if TYPE_CHECKING:
    from sessiontui.access.ssh_config import SshConfig

_LOCK = ".lock"
_PATIENCE = 20.0
"""Seconds to wait for another sessiontui that writes: it asks the engine meanwhile."""
_HOST_KEY = re.compile(rb"(?:ssh|ecdsa|sk)-[\w@.-]+ [A-Za-z0-9+/=]+")
_ID = re.compile(r"[0-9A-Za-z-]{1,64}\Z")


def alias(name: str) -> str:
    """What ssh calls the session of that name."""
    return f"st-{name}"


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """Where the keys of one session are."""

    private: Path
    known_hosts: Path
    alias: str
    """The session's name in ``known_hosts``, whatever its address (``HostKeyAlias``)."""

    def ssh_command(self, port: int, program: str = "ssh") -> str:
        """The line that logs in as the session's user: its key only, its host key known beforehand."""
        return f"{self.options(port, program)} work@127.0.0.1"

    def options(self, port: int, program: str = "ssh") -> str:
        """The part of it that comes before the place."""
        flag = "-p" if program == "ssh" else "-P"
        # What a person's own file says for all hosts (a ProxyJump, say) is not meant for the loopback.
        return (
            f"{program} -i {shlex.quote(str(self.private))} -F none -o IdentitiesOnly=yes "
            f"-o {_option('UserKnownHostsFile', self.known_hosts)} -o StrictHostKeyChecking=yes "
            f"{flag} {port}"
        )


def _option(name: str, path: Path) -> str:
    """``-o`` is read like a line of the file: a path with a space in it needs quotes of its own."""
    text = str(path)
    return shlex.quote(f'{name}="{text}"' if " " in text else f"{name}={text}")


class KeyRing:
    """The directory of key files, made on first use with mode 0700. Several may work on it at once."""

    def __init__(self, directory: Path, owner: Owner | None = None, config: SshConfig | None = None) -> None:
        """``owner`` is who the files are for, where that is not the one who writes them (sudo).

        ``config`` is what gives sessions names for ssh; None where nothing is to be kept of a session
        but the keys that are asked for (a demo).
        """
        self.config = config
        self._directory = directory
        self._owner = owner if owner is not None and owner.uid != os.geteuid() == 0 else None
        self._inside = threading.RLock()
        self._depth = 0

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Within, no other sessiontui of this user writes here. Raises StorageError."""
        with self._inside:
            if self._depth:
                yield
                return
            opened = self._lock()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                os.close(opened)

    def keep(self, session_id: str, name: str, private: bytes, host_key: bytes, port: int) -> KeyFiles:
        """Write the keys of a session. Raises StorageError."""
        files = self._files(session_id, name)
        found = _HOST_KEY.match(host_key)
        if found is None:
            raise StorageError(f"{name} has no host key that ssh would know", "start it anew")
        known = b"[127.0.0.1]:%d,%s %s\n" % (port, files.alias.encode(), found[0])
        with self.alone(), self._told():
            directory = files.private.parent
            if directory.is_symlink() or not directory.is_dir():
                directory.unlink(missing_ok=True)
                directory.mkdir(mode=0o700)
            write_whole(files.private, private)
            write_whole(files.known_hosts, known)
        return files

    def kept(self, session_id: str, name: str, port: int) -> KeyFiles | None:
        """The keys of a session where they are here already, for that port. Raises StorageError."""
        files = self._files(session_id, name)
        with self._told():
            try:
                plain = all(stat.S_ISREG(one.lstat().st_mode) for one in (files.private, files.known_hosts))
                known = plain and files.known_hosts.read_bytes().split(b" ")[0]
            except (FileNotFoundError, NotADirectoryError):
                return None
        return files if known == b"[127.0.0.1]:%d,%s" % (port, files.alias.encode()) else None

    def ids(self) -> frozenset[str]:
        """The sessions of which something is here. Raises StorageError."""
        with self._told():
            try:
                names = os.listdir(self._directory)  # noqa: PTH208 - the names are what is wanted
            except FileNotFoundError:
                return frozenset()
        return frozenset(name for name in names if name != _LOCK)

    def prune(self, sessions: Collection[str]) -> None:
        """Take away what is here of other sessions than these, by id. Raises StorageError."""
        for name in self.ids() - set(sessions):
            with self._told():
                path = self._directory / name
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)

    def _files(self, session_id: str, name: str) -> KeyFiles:
        # Both come from labels, which anybody can write, and become paths and lines to paste.
        if not _ID.match(session_id) or session_name_problem(name):
            raise StorageError(
                f"a session cannot be called {name!r} (id {session_id!r})", "look at it: docker ps -a"
            )
        directory = self._directory / session_id
        return KeyFiles(
            directory / alias(name), directory / f"{alias(name)}.known_hosts", f"sessiontui-{session_id}"
        )

    def _lock(self) -> int:
        with self._told():
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Another one may prune the directory's strays, never this file.
            opened = os.open(
                self._directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
            )
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < end:
                    time.sleep(0.02)
                    continue
                os.close(opened)
                raise StorageError(
                    f"another sessiontui has been writing in {self._directory} for {_PATIENCE:.0f} s",
                    "end it, or try again",
                ) from None
            except OSError:
                # A file system without locks: writing whole files is all there is to go by.
                return opened
            return opened

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Files are touched as their owner, and what fails is told."""
        try:
            with on_behalf(self._owner):
                yield
        except OSError as error:
            raise StorageError(
                f"cannot write {error.filename or self._directory}: {error.strerror}",
                "make room or mend its permissions",
            ) from error
