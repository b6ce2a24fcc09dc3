"""What the file system refused, in our words."""

from __future__ import annotations

import errno
import os

from sessiontui.domain.errors import StorageError

_HINTS = {
    errno.EACCES: "it is not yours to touch: see ls -ld",
    errno.EPERM: "it is not yours to touch: see ls -ld",
    errno.ENOSPC: "make room on its disk: df -h",
    errno.EDQUOT: "your quota is used up: quota -s",
    errno.EFBIG: "its file system keeps no file of that size",
    errno.EROFS: "its file system is mounted read-only",
    errno.ELOOP: "it is a link: name what it leads to",
}


def trouble(verb: str, path: str | bytes, error: OSError) -> StorageError:
    """``cannot VERB PATH: reason``, with what to do where that is known."""
    reason = "it is a link" if error.errno == errno.ELOOP else error.strerror or str(error)
    return StorageError(f"cannot {verb} {os.fsdecode(path)}: {reason}", _HINTS.get(error.errno or 0, ""))
