"""The files of ours that go into a created container before it starts, as one tar archive."""

from __future__ import annotations

import io
import shlex
import tarfile
from collections.abc import Sequence
from importlib.resources import files

from sessiontui.engine.payload import SESSION_DIRECTORY

VARIABLES = f"{SESSION_DIRECTORY}/variables"
"""The secret variables of a session, as lines for its shells to read."""


def session_archive(secret: str, variables: Sequence[tuple[str, str]] = (), public_key: bytes = b"") -> bytes:
    """A tar of the session's scripts, its secret and its secret variables, to be unpacked at ``/``.

    ``public_key`` is what a session made for itself earlier, for scripts that look at its home from beside.

    The secret is a file of root that the start-up script gives to the session's user: it is in no
    environment, no label and no argument list. So are the variables, which the user may only read.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        path = ""
        for part in SESSION_DIRECTORY.strip("/").split("/"):
            path = f"{path}/{part}".lstrip("/")
            directory = tarfile.TarInfo(path)
            directory.type, directory.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(directory)
        scripts = files("sessiontui.engine") / "inside"
        for script in sorted(scripts.iterdir(), key=lambda one: one.name):
            if script.is_file():
                _add(archive, f"{path}/{script.name}", script.read_bytes(), 0o644)
        _add(archive, f"{path}/secret", secret.encode(), 0o400)
        if variables:
            lines = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables)
            _add(archive, VARIABLES.lstrip("/"), lines.encode(errors="surrogateescape"), 0o400)
        if public_key:
            _add(archive, f"{path}/ssh/id_container.pub", public_key, 0o400)
    return buffer.getvalue()


def _add(archive: tarfile.TarFile, path: str, content: bytes, mode: int) -> None:
    member = tarfile.TarInfo(path)
    member.size, member.mode = len(content), mode
    archive.addfile(member, io.BytesIO(content))
