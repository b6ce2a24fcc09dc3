"""The file of sessions' blocks, and the one line of ``~/.ssh/config`` that includes it.

ssh reads the first value it finds, and an ``Include`` below a ``Host`` belongs to that block: so the line
stands at the top, under a comment that says whose it is. Nothing else of the file is ever changed.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from sessiontui.access import ssh_blocks
from sessiontui.access.on_behalf import on_behalf
from sessiontui.access.ssh_blocks import Host
from sessiontui.access.whole_file import write_whole
from sessiontui.domain.errors import StorageError
from sessiontui.domain.session import Owner

_WHOSE = b"# sessiontui: ssh st-NAME, by the next line; taken away by: sessiontui ssh-config --remove"
_WHOSE_FILE = b"# sessiontui made this file, for ssh st-NAME; taken away by: sessiontui ssh-config --remove"


class SshConfig:
    """The person's ``~/.ssh/config`` and the block file beside the keys."""

    def __init__(self, home: Path, block: Path, owner: Owner | None = None) -> None:
        """``owner`` is whose home it is, where that is not the one who writes (sudo)."""
        self.path = home / ".ssh" / "config"
        self._home = home
        self._block = block
        self._owner = owner if owner is not None and owner.uid != os.geteuid() == 0 else None

    @property
    def line(self) -> str:
        """The line that includes the blocks. Raises StorageError where it cannot be written."""
        return f"Include {ssh_blocks.quoted(self._block)}"

    def unread(self) -> Path | None:
        """The file that ssh reads instead: it goes by the user's account, not by ``HOME``. None: this one."""
        uid = os.getuid() if self._owner is None else self._owner.uid
        try:
            read = Path(pwd.getpwuid(uid).pw_dir) / ".ssh" / "config"
        except KeyError:
            return None
        return None if read == self.path or os.path.realpath(read) == os.path.realpath(self.path) else read

    def installed(self) -> bool:
        """Whether ``~/.ssh/config`` includes the blocks, before its first ``Host``. Raises StorageError."""
        with self._told("read"):
            return self._included(self._read() or b"")

    def install(self) -> bool:
        """Put the line at the top of ``~/.ssh/config``; False when it is there. Raises StorageError."""
        line = self.line.encode()
        with self._told("write"):
            content = self._read()
            if self._included(content or b""):
                return False
            whose = _WHOSE_FILE if content is None else _WHOSE
            # A line of ours that was moved below a Host is of no use there.
            self._write(b"%s\n%s\n%s" % (whose, line, _without(content or b"")[0]), content)
            return True

    def remove(self) -> bool:
        """Take the line and the blocks away; False when there was no line of ours. Raises StorageError."""
        with self._told("write"):
            content = self._read()
            rest, whose = _without(content or b"")
            if whose == _WHOSE_FILE and not rest:
                Path(os.path.realpath(self.path)).unlink()
            elif whose:
                self._write(rest, content)
            self._block.unlink(missing_ok=True)
            return bool(whose)

    def write(self, hosts: Iterable[Host]) -> None:
        """Make the block file say these, unless it does. Raises StorageError."""
        content = ssh_blocks.here(hosts).encode()
        with self._told("write"):
            with contextlib.suppress(FileNotFoundError):
                plain = stat.S_ISREG(self._block.lstat().st_mode)
                if plain and self._block.read_bytes() == content:
                    return
            self._block.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self._block, content)

    def _read(self) -> bytes | None:
        try:
            # What is no file (a pipe, say) would be waited for.
            if not stat.S_ISREG(self.path.stat().st_mode):
                raise StorageError(f"{self.path} is no file", f"make it one with this line: {self.line}")
            return self.path.read_bytes()
        except FileNotFoundError:
            return None

    def _write(self, content: bytes, before: bytes | None) -> None:
        # A link to the file among somebody's dotfiles stays one.
        target = Path(os.path.realpath(self.path))
        if before is None:
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
        like = None if before is None else target.stat()
        if self._read() != before:
            raise StorageError(f"{self.path} is being changed by somebody else", "try again")
        write_whole(target, content, like)

    def _included(self, content: bytes) -> bool:
        for line in content.decode("utf-8", "surrogateescape").split("\n"):
            keyword, values = _parsed(line)
            if keyword in ("host", "match"):
                return False
            if keyword == "include" and any(self._is_block(one) for one in values):
                return True
        return False

    def _is_block(self, value: str) -> bool:
        path = self._home / value[2:] if value.startswith("~/") else self.path.parent / value
        return path == self._block

    @contextlib.contextmanager
    def _told(self, verb: str) -> Iterator[None]:
        """Files are touched as their owner, and what fails is told."""
        try:
            with on_behalf(self._owner):
                yield
        except OSError as error:
            raise StorageError(
                f"cannot {verb} {error.filename or self.path}: {error.strerror}",
                f"mend that, or put this line at the top of {self.path} yourself: {self.line}",
            ) from error


def _without(content: bytes) -> tuple[bytes, bytes]:
    """The file without our lines, and the comment that they came under (empty where there are none)."""
    lines = content.splitlines(keepends=True)
    rest: list[bytes] = []
    whose = b""
    number = 0
    while number < len(lines):
        if lines[number].rstrip() in (_WHOSE, _WHOSE_FILE):
            whose = lines[number].rstrip()
            number += 1
            if number < len(lines) and lines[number].startswith(b"Include "):
                number += 1
            continue
        rest.append(lines[number])
        number += 1
    return b"".join(rest), whose


def _parsed(line: str) -> tuple[str, list[str]]:
    """Keyword in small letters, and the values; quotes are taken off (ssh_config(5))."""
    keyword, _, rest = re.sub(r"\s*[=\s]\s*", " ", line.strip(), count=1).partition(" ")
    values: list[str] = []
    for number, part in enumerate(rest.split('"')):
        values += [part] if number % 2 else part.split()
    return keyword.lower(), values
