"""Files that are read again and again, kept open as far as this process may.

Reading a kept file costs a tenth of opening it. What does not fit under the limit of open files is
opened for each reading: the same figures, dearer.
"""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Callable
from contextlib import suppress

_LARGEST = 16384
"""Bytes read of one file at once; memory.stat, the longest, has about a quarter of it."""
_BUFFER = 2048
"""The kernel hands out a file of many records in pieces of a page; shorter than this is all of it."""
_SPARE = 256
"""Open files left to everything else in this process."""
_CROWDED = frozenset((errno.EMFILE, errno.ENFILE))
"""What it says where no more files can be open, for now."""
_GONE = frozenset((errno.ENODEV, errno.ENOENT, errno.ESRCH))
"""What the kernel says of a file whose cgroup or process is no more."""
_FLAGS = os.O_RDONLY | os.O_CLOEXEC


class Gone(Exception):
    """The cgroup or the process of a file is no more."""


class KeptFiles:
    """Opens files and keeps them open while there is room; ``most`` of them where that is given."""

    def __init__(self, most: int | None = None) -> None:
        self._kept: dict[KeptFile, int] = {}
        self._unkept: set[KeptFile] = set()
        self._most = most

    @property
    def scarce(self) -> bool:
        """Whether some files are opened anew for each reading since there is no room to keep them."""
        return bool(self._unkept)

    def open(self, path: str, proof: Callable[[], bool] | None = None) -> KeptFile:
        """A file to read; whether it could be opened is in its ``error``.

        ``proof`` is asked after every opening whether the path still leads where it did.
        """
        return KeptFile(self, path, proof)

    def read(self, path: str) -> bytes:
        """Read a file once. Raises OSError."""
        descriptor = self.descriptor(path)
        try:
            return _whole(descriptor)
        finally:
            os.close(descriptor)

    def descriptor(self, path: str) -> int:
        """Open a file, at the cost of kept ones where the process has no room left. Raises OSError."""
        try:
            return os.open(path, _FLAGS)
        except OSError as error:
            if error.errno not in _CROWDED or not self._kept:
                raise
        self._most = len(self._kept) // 2
        for file in list(self._kept)[self._most :]:
            file.close()
            self._unkept.add(file)
        return os.open(path, _FLAGS)

    def keep(self, file: KeptFile, descriptor: int) -> bool:
        """Keep a file open if there is room."""
        if not self._room():
            self._unkept.add(file)
            return False
        self._unkept.discard(file)
        self._kept[file] = descriptor
        return True

    def drop(self, file: KeptFile) -> None:
        """Close a file if it is kept, and forget it."""
        self._unkept.discard(file)
        descriptor = self._kept.pop(file, None)
        if descriptor is not None:
            os.close(descriptor)

    def _room(self) -> bool:
        """Whether one more fits, after raising this process's own (soft) limit where that is allowed."""
        kept = len(self._kept) + 1
        if self._most is not None and kept > self._most:
            return False
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft == resource.RLIM_INFINITY:
            return True
        needed = kept + min(_SPARE, soft // 2)
        if needed > soft and soft != hard:
            wanted = max(needed, kept + _SPARE) * 2
            soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
            with suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        return kept + min(_SPARE, soft // 2) <= soft


class KeptFile:
    """One file, open or opened anew for each reading."""

    __slots__ = ("_descriptor", "_files", "_path", "_proof", "error")

    def __init__(self, files: KeptFiles, path: str, proof: Callable[[], bool] | None) -> None:
        self._files = files
        self._path = path
        self._proof = proof
        self._descriptor: int | None = None
        self.error: OSError | None = None
        """Why it cannot be read; such a file is not tried again."""
        try:
            self._keep_or_close(self._open())
        except OSError as error:
            if error.errno not in _CROWDED:
                self.error = error

    def read(self) -> bytes | None:
        """The whole file, at most 16 KiB; None where it cannot be read. Raises Gone."""
        if self.error is not None:
            return None
        try:
            if self._descriptor is not None:
                return _whole(self._descriptor)
            descriptor = self._open()
            try:
                return _whole(descriptor)
            finally:
                self._keep_or_close(descriptor)
        except OSError as error:
            if error.errno in _GONE:
                raise Gone from error
            return None

    def close(self) -> None:
        """Let go of the file."""
        self._files.drop(self)
        self._descriptor = None

    def _open(self) -> int:
        descriptor = self._files.descriptor(self._path)
        if self._proof is not None and not self._proof():
            os.close(descriptor)
            raise ProcessLookupError(errno.ESRCH, "the process is another one by now", self._path)
        return descriptor

    def _keep_or_close(self, descriptor: int) -> None:
        if self._files.keep(self, descriptor):
            self._descriptor = descriptor
        else:
            os.close(descriptor)


def _whole(descriptor: int) -> bytes:
    text = os.pread(descriptor, _LARGEST, 0)
    if len(text) > _BUFFER:
        while len(text) < _LARGEST and (more := os.pread(descriptor, _LARGEST - len(text), len(text))):
            text += more
    return text
