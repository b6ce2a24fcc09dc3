"""Runs the system's own programs and keeps the last of what they say."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sessiontui.domain.errors import HostError

KEPT = 20
"""Lines of output an error shows."""
_ADMINISTRATORS = ("/usr/local/sbin", "/usr/sbin", "/sbin")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: its exit status and its last lines, errors among them."""

    status: int
    lines: tuple[str, ...]


def with_administrators_path(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment with the directories of system programs on PATH: ``su`` leaves them out."""
    path = environ.get("PATH", os.defpath).split(":")
    return {**environ, "PATH": ":".join([*path, *(one for one in _ADMINISTRATORS if one not in path)])}


def find(program: str, environ: Mapping[str, str]) -> str | None:
    """Where a program is, looked for as an administrator would."""
    return shutil.which(program, path=with_administrators_path(environ)["PATH"])


def run(
    command: Sequence[str],
    environ: Mapping[str, str],
    each_line: Callable[[str], None] = lambda line: None,
) -> Ended:
    """Run a program to its end with nothing to read. Raises HostError when it cannot be started."""
    try:
        process = subprocess.Popen(
            command,
            env=with_administrators_path(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise HostError(f"{command[0]} cannot be run: {error.strerror}") from error
    with process:
        assert process.stdout is not None  # noqa: S101 - asked for above
        lines = _read(process.stdout, each_line)
        return Ended(process.wait(), lines)


def _read(output: Iterable[str], each_line: Callable[[str], None]) -> tuple[str, ...]:
    kept: deque[str] = deque(maxlen=KEPT)
    for line in output:
        if text := line.strip():
            kept.append(text)
            each_line(text)
    return tuple(kept)


def for_an_administrator(commands: Sequence[str]) -> str:
    """A hint that holds commands, one a line, ready to be copied."""
    return "\n".join(["an administrator runs:", *(f"  sudo {command}" for command in commands)])
