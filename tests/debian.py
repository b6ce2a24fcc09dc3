"""Programs that tests need, installed where they are missing: machines for tests may be bare."""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def one_at_a_time(lock: Path) -> Iterator[None]:
    """Holds the lock file: tests that run beside each other want the same."""
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def install(packages: Mapping[str, str]) -> None:
    """Install the packages (by the programs they bring) that are missing here."""
    with one_at_a_time(Path(tempfile.gettempdir()) / "sessiontui-tests-install.lock"):
        missing = sorted(
            {
                package
                for program, names in packages.items()
                if not shutil.which(program)
                for package in names.split()
            }
        )
        if missing:
            _install(missing)


def _install(missing: Sequence[str]) -> None:
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    if os.geteuid() != 0:
        pytest.fail(f"these tests need: {shlex.join(command)}")
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=True, env=environ)
    subprocess.run(command, check=True, env=environ)
