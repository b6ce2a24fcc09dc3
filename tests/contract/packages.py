"""Programs of the distribution's packages for tests, unpacked and not installed: no service starts."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


class PackageUnavailableError(Exception):
    """The machine's package manager does not give the package; says why."""


def unpacked(package: str, program: str, directory: Path) -> Path:
    """The package's program; a machine that cannot fetch it skips the test."""
    try:
        return fetched(package, program, directory)
    except PackageUnavailableError as error:
        pytest.skip(str(error))


def fetched(package: str, program: str, directory: Path) -> Path:
    """The package's program, fetched by the machine's own apt. Raises PackageUnavailableError."""
    if not shutil.which("apt-get"):
        raise PackageUnavailableError(f"{package} comes from Debian's and Ubuntu's packages")
    downloads = directory / package
    downloads.mkdir()
    fetch = ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", package]
    if subprocess.run(fetch, cwd=downloads, check=False, capture_output=True).returncode:
        if os.geteuid() != 0:
            raise PackageUnavailableError(
                f"apt-get download {package} finds nothing: apt-get update needs root"
            )
        subprocess.run(["apt-get", "update", "-qq"], check=True, capture_output=True)
        subprocess.run(fetch, cwd=downloads, check=True, capture_output=True)
    (archive,) = downloads.glob("*.deb")
    subprocess.run(["dpkg", "-x", archive, downloads], check=True)
    (found,) = downloads.rglob(f"bin/{program}")
    return found
