"""Ways down a tree of directories that no link leads away from: each is opened from the one before."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import PurePosixPath

OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
PASS = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""To go through a directory that need not be read."""

DEEPEST = 400
"""Directories below each other, each of which is held open while it is walked."""


def descend(path: str, flags: int = PASS) -> int:
    """A descriptor of the directory at an absolute path in which nothing is a link.

    Raises OSError: ELOOP for a link, ENOTDIR for a file, and whatever else the way meets; its
    ``filename`` says where.
    """
    parts = PurePosixPath(path).parts[1:]
    here = os.open("/", PASS if parts else flags)
    for index, part in enumerate(parts):
        try:
            below = os.open(part, PASS if index + 1 < len(parts) else flags, dir_fd=here)
        except OSError as error:
            number = error.errno or errno.EIO
            if number == errno.ENOTDIR and _is_link(part, here):
                number = errno.ELOOP
            raise OSError(number, os.strerror(number), "/" + "/".join(parts[: index + 1])) from error
        finally:
            os.close(here)
        here = below
    return here


def there(name: str | bytes, directory: int) -> bool:
    """Whether a directory has something of that name, be it a link to nothing. Raises OSError."""
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _is_link(name: str, directory: int) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode)
    except OSError:
        return False
