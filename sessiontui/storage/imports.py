"""Directories that are folders without being in the folder root: which may be, and what became of them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from sessiontui.domain.errors import Problem, Refused
from sessiontui.domain.folder import Folder, folder_name_problem, import_problem
from sessiontui.storage.descent import descend
from sessiontui.storage.folder_root import IMPORTED, FolderRoot
from sessiontui.storage.permission import folder_of, may_read


def imports(root: FolderRoot) -> Iterator[tuple[str, Folder]]:
    """The imported folders by name, also those that are not there now, which have a trouble."""
    with root.hidden(IMPORTED) as imported:
        if imported is None:
            return
        for name in os.listdir(imported):  # noqa: PTH208 - by descriptor
            if folder_name_problem(name) is not None:
                continue
            try:
                target = os.readlink(name, dir_fd=imported)
            except OSError:  # no link, or gone meanwhile
                continue
            yield name, _imported(root, name, target)


def check_import(path: str, root: FolderRoot, folders: Sequence[Folder]) -> str:
    """Where a directory really is that may be imported. Raises Refused with what speaks against it."""
    try:
        real = os.path.realpath(path, strict=True)
        directory = descend(real)
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) else str(error)
        raise _refused(f"{path}: {told}") from error
    try:
        here = os.fstat(directory)
    finally:
        os.close(directory)
    if (wrong := import_problem(real)) is not None:
        raise _refused(wrong)
    if not may_read(real, root):
        raise _refused(f"{root.owner.name} may not read {real}")
    if _is_above(here, root.path):
        raise _refused(f"{real} holds the place for folders, {root.path}: import a directory in it")
    if _is_above(os.fstat(root.descriptor), real):
        raise _refused(f"{real} is in the place for folders already")
    for folder in folders:
        if folder.path == real:
            raise _refused(f"{real} is the folder {folder.name} already")
    return real


def _imported(root: FolderRoot, name: str, target: str) -> Folder:
    trouble = import_problem(target)
    if trouble is None:
        try:
            directory = descend(target)
        except OSError as error:
            trouble = way_lost(target, error)
        else:
            try:
                if not root.acting or may_read(target, root):
                    place = (f"/proc/self/fd/{directory}", None)
                    return folder_of(root, name, target, os.fstat(directory), place, imported=True)
                trouble = f"{root.owner.name} may not read {target}"
            finally:
                os.close(directory)
    return Folder(name, target, writable=False, imported=True, trouble=trouble)


def way_lost(path: str, error: OSError) -> str:
    """Why the real place of a folder is not to be reached any more, in words."""
    where = path if error.filename in (None, path) else f"{error.filename}, on the way to {path},"
    if error.errno == errno.ELOOP:
        return f"{where} is a link by now: no link is followed to a folder"
    if error.errno == errno.ENOENT:
        return f"{where} is not there any more: is its disk mounted?"
    if error.errno == errno.ENOTDIR:
        return f"{where} is no directory any more"
    if error.errno == errno.EACCES:
        return f"{where} may not be entered"
    return f"{where}: {error.strerror}"


def _is_above(directory: os.stat_result, path: str) -> bool:
    """Whether a directory is a path or one that holds it."""
    way = Path(path)
    for one in (way, *way.parents):
        try:
            if os.path.samestat(directory, one.stat()):
                return True
        except OSError:
            continue
    return False


def _refused(message: str) -> Refused:
    return Refused([Problem("path", message)])
