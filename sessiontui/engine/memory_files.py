"""The files of a session that is played: its own script runs on this machine, in a home of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Sequence
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import IO, cast

from sessiontui.domain.errors import EngineError
from sessiontui.domain.folder import HOME
from sessiontui.engine.payload import SESSION_DIRECTORY
from sessiontui.engine.port import Outcome

_CHUNK = 128 * 1024


class PlayedFiles:
    """A directory that stands for a session's home, and the script that works in it."""

    def __init__(self) -> None:
        root = Path(tempfile.mkdtemp(prefix="sessiontui-played-")).resolve()
        weakref.finalize(self, shutil.rmtree, root, ignore_errors=True)
        self.home = root / "home"
        self.home.mkdir()
        for name in ("common.sh", "files.sh"):
            script = (files("sessiontui.engine") / "inside" / name).read_text()
            script = script.replace(SESSION_DIRECTORY, str(root)).replace(f"={HOME}", f"={self.home}")
            (root / name).write_text(script)
        self._script = root / "files.sh"

    def pipe(self, words: Sequence[str]) -> ProcessPipe:
        """The script with these arguments."""
        played = [word.replace(HOME, str(self.home), 1) if word.startswith(HOME) else word for word in words]
        return ProcessPipe(["/bin/sh", str(self._script), *played], self.home)


class ProcessPipe:
    """Fills :class:`sessiontui.engine.port.Pipe` with a program of this machine."""

    def __init__(self, command: Sequence[str], directory: Path) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 # closed with the pipe
        self._process = subprocess.Popen(
            command,
            cwd=directory,
            env={"PATH": os.environ.get("PATH", os.defpath), "SESSIONTUI_ID": "played"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        self._input = cast(IO[bytes], self._process.stdin)
        self._output = cast(IO[bytes], self._process.stdout)
        self._lock = threading.Lock()
        self._closed = False

    def read(self) -> bytes:
        """See the port."""
        with suppress(OSError, ValueError):
            return os.read(self._output.fileno(), _CHUNK)
        return b""

    def write(self, data: bytes) -> None:
        """See the port."""
        try:
            self._input.write(data)
            self._input.flush()
        except (OSError, ValueError) as error:
            raise EngineError("the command takes no more input") from error

    def end_input(self) -> None:
        """See the port."""
        with suppress(OSError):
            self._input.close()

    def outcome(self) -> Outcome:
        """See the port."""
        while self.read():
            pass
        code = self._process.wait()
        self._errors.seek(0)
        return Outcome(code if code >= 0 else 128 - code, b"", self._errors.read()[-8000:])

    def close(self) -> None:
        """See the port. What it does then, it does alone: the end of its input ends it."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self.end_input()
        self._process.wait()
        self._output.close()
        self._errors.close()
