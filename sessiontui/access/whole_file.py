"""Writes a small file whole: whoever reads it, or finds it after a crash, has the old or the new one."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_whole(path: Path, content: bytes, like: os.stat_result | None = None) -> None:
    """Put a new file in the place of what is there, a link included.

    It gets mode, owner and group of ``like``, else mode 0600. Raises OSError; nothing is changed then.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    opened = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(opened, "wb") as file:
            file.write(content)
            if like is not None:
                made = os.fstat(file.fileno())
                if (made.st_uid, made.st_gid) != (like.st_uid, like.st_gid):
                    os.fchown(file.fileno(), like.st_uid, like.st_gid)
                # After the owner: a change of owner takes bits away.
                os.fchmod(file.fileno(), like.st_mode & 0o7777)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
