"""The smallest image a session can run on: busybox alone, from the distribution's own package."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from sessiontui.domain.cancellation import Cancellation
from sessiontui.engine.port import Engine
from tests.contract.packages import fetched

IMAGE = "sessiontui/bench:1"


def make_image(engine: Engine) -> None:
    """Make the image unless the engine has it.

    Raises PackageUnavailableError where the distribution does not give busybox.
    """
    if engine.has_image(IMAGE):
        return
    with TemporaryDirectory() as directory:
        busybox = fetched("busybox-static", "busybox", Path(directory))
        archive = _root(busybox)
    engine.import_image(archive, IMAGE, lambda _: None, Cancellation())


def _root(busybox: Path) -> io.BytesIO:
    """A tar of a root file system that is busybox, and a link to it for each of its programs."""
    listed = subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, mode in (("bin", 0o755), ("etc", 0o755), ("root", 0o700), ("tmp", 0o1777)):
            tar.addfile(_member(name, tarfile.DIRTYPE, mode))
        program = _member("bin/busybox", tarfile.REGTYPE, 0o755)
        content = busybox.read_bytes()
        program.size = len(content)
        tar.addfile(program, io.BytesIO(content))
        for applet in set(listed.stdout.split()) - {"busybox"}:
            link = _member(f"bin/{applet}", tarfile.SYMTYPE, 0o777)
            link.linkname = "busybox"
            tar.addfile(link)
    archive.seek(0)
    return archive


def _member(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode = kind, mode
    return member
