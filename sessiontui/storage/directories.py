"""Folders as plain directories under one root, which is the owner's."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from sessiontui.domain.errors import Problem, Refused, StorageError, Unknown
from sessiontui.domain.folder import Folder, folder_name_problem
from sessiontui.domain.launch import unknown
from sessiontui.domain.session import Owner

_SHOWN = 3
"""Names told of what is in a folder that is not empty."""


class Directories:
    """The folders of one owner.

    A folder is a real directory directly under the root whose name keeps the rule; anything else in
    there (files, links, other names) is not ours and left alone. The root itself may be a link to a
    larger disk.
    """

    def __init__(self, root: Path, owner: Owner) -> None:
        self._root = root
        self._owner = owner

    def folders(self) -> tuple[Folder, ...]:
        """All folders by name; none before the first is made."""
        try:
            with os.scandir(self._root.resolve()) as entries:
                found = [
                    Folder(entry.name, entry.path, os.access(entry.path, os.W_OK))
                    for entry in entries
                    if entry.is_dir(follow_symlinks=False) and folder_name_problem(entry.name) is None
                ]
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise self._trouble("read", self._root, error) from error
        return tuple(sorted(found, key=lambda folder: folder.name))

    def create(self, name: str) -> Folder:
        """Make a folder of the owner, and the root on the first time.

        The root opens for its owner only; who wants to share sets the permissions wider.
        """
        if (wrong := folder_name_problem(name)) is not None:
            raise Refused([Problem("name", wrong)])
        try:
            self._make_root()
            path = self._root.resolve() / name
            path.mkdir()
            self._give_to_owner(path)
        except FileExistsError as error:
            if Path(str(error.filename)).name != name:
                raise StorageError(
                    f"the place for folders, {error.filename}, is not a directory",
                    "move it away, or set folder_root in the settings",
                ) from error
            raise Refused([Problem("name", f"there is a {name} in {self._root} already")]) from error
        except OSError as error:
            raise self._trouble("make", self._root / name, error) from error
        return Folder(name, str(path), os.access(path, os.W_OK))

    def remove(self, name: str) -> None:
        """Remove an empty folder; files are never deleted. Raises Unknown, StorageError."""
        folders = {folder.name: folder for folder in self.folders()}
        if name not in folders:
            raise Unknown(unknown("folder", name, list(folders)))
        path = Path(folders[name].path)
        try:
            path.rmdir()
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                raise StorageError(
                    f"{name} is not empty: it holds {_content(path)}",
                    f"move or delete what is in {path} first",
                ) from error
            raise self._trouble("remove", path, error) from error

    def _make_root(self) -> None:
        missing = [one for one in (self._root, *self._root.parents) if not one.exists()]
        for directory in reversed(missing):
            directory.mkdir(mode=0o700 if directory == self._root else 0o777)
            self._give_to_owner(directory)

    def _give_to_owner(self, path: Path) -> None:
        """What root makes on behalf of another user is that user's."""
        if os.geteuid() == 0 and self._owner.uid != 0:
            os.chown(path, self._owner.uid, self._owner.gid, follow_symlinks=False)

    def _trouble(self, verb: str, path: Path, error: OSError) -> StorageError:
        hint = ""
        if error.errno in (errno.EACCES, errno.EPERM):
            hint = f"give {self._owner.name} the permission: ls -ld {path.parent} {path}"
        elif error.errno in (errno.ENOSPC, errno.EDQUOT):
            hint = f"make room on its disk: df -h {self._root}"
        return StorageError(f"cannot {verb} {path}: {error.strerror or error}", hint)


def _content(path: Path) -> str:
    try:
        names = sorted(os.listdir(path))  # noqa: PTH208 - the names are what is wanted
    except OSError:
        return "something"
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{len(names)} things: {shown}, …"
