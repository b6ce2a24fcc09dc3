"""Keeps sessions' private SSH keys and host keys in files only their owner reads."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from sessiontui.domain.errors import StorageError
from sessiontui.domain.session import Owner


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """Where the keys of one session are."""

    private: Path
    known_hosts: Path

    def ssh_command(self, port: int, program: str = "ssh") -> str:
        """The line that logs in as the session's user: its key only, its host key known beforehand."""
        flag = "-p" if program == "ssh" else "-P"
        return (
            f"{program} -i {shlex.quote(str(self.private))} -o IdentitiesOnly=yes "
            f"-o UserKnownHostsFile={shlex.quote(str(self.known_hosts))} -o StrictHostKeyChecking=yes "
            f"{flag} {port} work@127.0.0.1"
        )


class KeyRing:
    """The directory of key files, made on first use with mode 0700."""

    def __init__(self, directory: Path, owner: Owner | None = None) -> None:
        """``owner`` is who the files are for, where that is not the one who writes them (sudo)."""
        self._directory = directory
        self._owner = owner if owner is not None and owner.uid != os.geteuid() == 0 else None

    def keep(self, session_id: str, private: bytes, host_key: bytes, port: int) -> KeyFiles:
        """Write the session's keys. Raises StorageError."""
        files = KeyFiles(self._directory / session_id, self._directory / f"{session_id}.known_hosts")
        words = host_key.split()
        known = b"[127.0.0.1]:%d %s\n" % (port, b" ".join(words[:2]))
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path, content in ((files.private, private), (files.known_hosts, known)):
                path.unlink(missing_ok=True)
                opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
                with os.fdopen(opened, "wb") as file:
                    file.write(content)
                    if self._owner is not None:
                        os.fchown(file.fileno(), self._owner.uid, self._owner.gid)
            if self._owner is not None:
                os.chown(self._directory, self._owner.uid, self._owner.gid, follow_symlinks=False)
        except OSError as error:
            raise StorageError(
                f"cannot write {error.filename}: {error.strerror}", "make room or mend its permissions"
            ) from error
        return files
