"""How much a folder holds."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable


def size_of(path: str, *, seconds: float = 5.0, clock: Callable[[], float] = time.monotonic) -> int | None:
    """Bytes of the files below a directory; None when counting takes longer than ``seconds``.

    Links are not followed, a file with several names counts once, and what may not be read counts
    for nothing.
    """
    end = clock() + seconds
    total = 0
    seen: set[tuple[int, int]] = set()
    pending = [path]
    while pending:
        try:
            entries = list(os.scandir(pending.pop()))
        except OSError:
            continue
        for entry in entries:
            if clock() > end:
                return None
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if stat.S_ISDIR(status.st_mode):
                pending.append(entry.path)
            elif status.st_nlink == 1 or (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                total += status.st_size
    return total
