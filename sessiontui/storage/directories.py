"""Folders as plain directories under one root, which is the owner's."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import Problem, Refused, StorageError, Unknown
from sessiontui.domain.folder import Discarded, Extent, Folder, Identity, folder_name_problem
from sessiontui.domain.launch import unknown
from sessiontui.domain.session import Owner
from sessiontui.storage.descent import OPEN_DIRECTORY, PASS, descend
from sessiontui.storage.extent import extent_of
from sessiontui.storage.folder_root import IMPORTED, TRASH, FolderRoot, is_directory, opened
from sessiontui.storage.imports import check_import, imports, way_lost
from sessiontui.storage.permission import described
from sessiontui.storage.removal import remove_tree
from sessiontui.storage.trash import discarded, trash_id


class Directories:
    """The folders of one owner.

    A folder is a real directory directly under the root whose name keeps the rule, or a directory
    elsewhere that was imported; anything else in there (files, links, other names) is not ours and
    left alone. The root itself may be a link to a larger disk.
    """

    def __init__(self, root: Path, owner: Owner, *, now: Callable[[], float] = time.time) -> None:
        self._root = root
        self._owner = owner
        self._now = now

    def folders(self) -> tuple[Folder, ...]:
        """All folders by name; none before the first is made."""
        try:
            with self._opened("read") as root:
                return _folders(root)
        except FileNotFoundError:
            return ()

    def create(self, name: str) -> Folder:
        """Make a folder of the owner, and the root on the first time.

        The root opens for its owner only; who wants to share sets the permissions wider.
        """
        self._check_name(name, "name")
        with self._opened("make", name, make=True) as root, root.locked():
            self._check_free(root, name, "name")
            try:
                os.mkdir(name, dir_fd=root.descriptor)
            except FileExistsError:
                raise self._taken(name, "name") from None
            made = os.open(name, OPEN_DIRECTORY, dir_fd=root.descriptor)
            try:
                root.give(made)
            finally:
                os.close(made)
            return described(root, name)

    def adopt(self, path: str, name: str) -> Folder:
        """Import a directory: keep a link to where it really is in the hidden directory."""
        self._check_name(name, "name")
        with self._opened("import", name, make=True) as root, root.locked():
            real = check_import(path, root, _folders(root))
            self._check_free(root, name, "name")
            with root.hidden(IMPORTED, make=True) as imported:
                try:
                    os.symlink(real, name, dir_fd=imported)
                except FileExistsError:
                    raise self._taken(name, "name") from None
                if root.acting:
                    owner = self._owner
                    os.chown(name, owner.uid, owner.gid, dir_fd=imported, follow_symlinks=False)
            return _find(root, name)

    def rename(self, name: str, new: str) -> Folder:
        """Give a folder another name; its files stay where they are."""
        self._check_name(new, "name")
        with self._opened("rename", name) as root, root.locked():
            folder = _find(root, name)
            if new == name:
                return folder
            self._check_free(root, new, "name")
            with self._place(root, folder) as directory:
                os.rename(name, new, src_dir_fd=directory, dst_dir_fd=directory)
            return _find(root, new)

    def discard(self, name: str) -> Discarded | None:
        """Move a folder to the trash, in the root's own file system; let go of an imported one."""
        with self._opened("remove", name) as root, root.locked():
            folder = _find(root, name)
            if folder.imported:
                with self._place(root, folder) as directory:
                    os.unlink(name, dir_fd=directory)
                return None
            with root.hidden(TRASH, make=True) as trash:
                id_ = trash_id(name, self._now())
                os.rename(name, id_, src_dir_fd=root.descriptor, dst_dir_fd=trash)
            return discarded(id_, _trash_path(root))

    def trash(self) -> tuple[Discarded, ...]:
        """What is in the trash, newest first."""
        try:
            with self._opened("read") as root, root.hidden(TRASH) as trash:
                if trash is None:
                    return ()
                found = [
                    one
                    for name in os.listdir(trash)  # noqa: PTH208 - by descriptor
                    if (one := discarded(name, _trash_path(root))) and is_directory(name, trash)
                ]
        except FileNotFoundError:
            return ()
        return tuple(sorted(found, key=lambda one: (one.discarded_at, one.id), reverse=True))

    def restore(self, id: str) -> Folder:  # noqa: A002 - as the field of Discarded
        """Move a folder back from the trash."""
        with self._opened("restore", id) as root, self._discarded(root, id) as (trash, one), root.locked():
            self._check_free(root, one.name, "name")
            os.rename(id, one.name, src_dir_fd=trash, dst_dir_fd=root.descriptor)
            return described(root, one.name)

    def destroy(self, id: str, cancellation: Cancellation) -> None:  # noqa: A002
        """Remove what is in the trash, past what cannot be removed."""
        with self._opened("remove", id) as root, self._discarded(root, id) as (trash, one):
            removal = remove_tree(id, trash, cancellation)
        if removal.stayed:
            some = "; ".join(": ".join(filter(None, reason)) for reason in removal.reasons)
            more = "; …" if removal.stayed > len(removal.reasons) else ""
            raise StorageError(
                f"{removal.stayed} of what {one.name} held could not be removed and stays in the trash: "
                f"{some}{more}",
                f"who may remove it, or an administrator: see ls -la {one.path}",
            )

    def measure(self, name: str, cancellation: Cancellation, report: Callable[[Extent], None]) -> Extent:
        """Count what is in a folder."""
        with self._opened("read", name) as root:
            path = _find(root, name).path
        directory = _entered(path, OPEN_DIRECTORY)
        try:
            return extent_of(directory, cancellation, report)
        except OSError as error:
            raise self._trouble("read", path, error) from error
        finally:
            os.close(directory)

    def identify(self, path: str) -> Identity | None:
        """Go there without following a link."""
        directory = _entered(path)
        try:
            status = os.fstat(directory)
        finally:
            os.close(directory)
        return Identity(status.st_dev, status.st_ino)

    @contextmanager
    def _opened(self, verb: str, name: str = "", *, make: bool = False) -> Iterator[FolderRoot]:
        """The root; what the file system refuses meanwhile becomes our error.

        A root that is not there: FileNotFoundError without a name, Unknown with one.
        """
        shown = str(self._root / name)
        try:
            with opened(self._root, self._owner, make=make) as root:
                shown = f"{root.path}/{name}" if name else root.path
                yield root
        except FileNotFoundError as error:
            if not name:
                raise
            if not make and not self._root.exists():
                raise Unknown(unknown("folder", name, [])) from error
            raise self._trouble(verb, shown, error) from error
        except (FileExistsError, NotADirectoryError) as error:
            if error.filename is not None and not Path(os.fsdecode(error.filename)).is_dir():
                raise StorageError(
                    f"the place for folders, {os.fsdecode(error.filename)}, is not a directory",
                    "move it away, or set folder_root in the settings",
                ) from error
            raise self._trouble(verb, shown, error) from error
        except OSError as error:
            raise self._trouble(verb, shown, error) from error

    @contextmanager
    def _place(self, root: FolderRoot, folder: Folder) -> Iterator[int]:
        """The directory that holds a folder's name."""
        if not folder.imported:
            yield root.descriptor
            return
        with root.hidden(IMPORTED) as imported:
            if imported is None:
                raise Unknown(unknown("folder", folder.name, []))
            yield imported

    @contextmanager
    def _discarded(self, root: FolderRoot, id_: str) -> Iterator[tuple[int, Discarded]]:
        """The trash and what it says of one in it, which nobody else restores or removes meanwhile."""
        one = discarded(id_, _trash_path(root))
        with root.hidden(TRASH) as trash:
            if trash is None or one is None or not is_directory(id_, trash):
                raise Unknown(
                    f"nothing in the trash is {id_!r}", "see what is: sessiontui folders ls --trash"
                )
            held = os.open(id_, OPEN_DIRECTORY, dir_fd=trash)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(held)
                raise StorageError(f"{one.name} is just being restored or removed elsewhere") from None
            except OSError:
                pass  # a file system without locks
            try:
                yield trash, one
            finally:
                os.close(held)

    def _check_name(self, name: str, field: str) -> None:
        if (wrong := folder_name_problem(name)) is not None:
            raise Refused([Problem(field, wrong)])

    def _check_free(self, root: FolderRoot, name: str, field: str) -> None:
        if root.taken(name):
            raise self._taken(name, field)

    def _taken(self, name: str, field: str) -> Refused:
        return Refused([Problem(field, f"there is a {name} in {self._root} already")])

    def _trouble(self, verb: str, path: str, error: OSError) -> StorageError:
        hint = ""
        if error.errno == errno.EACCES and os.geteuid() == 0:
            hint = f"root is kept out, as network file systems do: try it as {self._owner.name}, without sudo"
        elif error.errno in (errno.EACCES, errno.EPERM):
            hint = f"give {self._owner.name} the permission: ls -ld {os.path.dirname(path)} {path}"  # noqa: PTH120
        elif error.errno in (errno.ENOSPC, errno.EDQUOT):
            hint = f"make room on its disk: df -h {self._root}"
        elif error.errno == errno.EBUSY:
            hint = "a file system is mounted there: unmount it first"
        elif error.errno == errno.EXDEV:
            hint = f"it is not on the file system of {self._root}: move or remove it by hand"
        return StorageError(f"cannot {verb} {path}: {error.strerror or error}", hint)


def _folders(root: FolderRoot) -> tuple[Folder, ...]:
    """All of them by name; a directory goes before an import of its name."""
    found: dict[str, Folder] = {}
    # What somebody else could have put there is no folder; the others are.
    with suppress(StorageError, PermissionError):
        found.update(imports(root))
    with os.scandir(root.descriptor) as entries:
        names = [one.name for one in entries if one.is_dir(follow_symlinks=False)]
    for name in names:
        if folder_name_problem(name) is None:
            with suppress(FileNotFoundError):
                found[name] = described(root, name)
    return tuple(found[name] for name in sorted(found))


def _find(root: FolderRoot, name: str) -> Folder:
    folders = {folder.name: folder for folder in _folders(root)}
    if name not in folders:
        raise Unknown(unknown("folder", name, list(folders)))
    return folders[name]


def _entered(path: str, flags: int = PASS) -> int:
    try:
        return descend(path, flags)
    except OSError as error:
        raise StorageError(way_lost(path, error)) from error


def _trash_path(root: FolderRoot) -> str:
    return f"{root.path}/{root.hidden_name}/{TRASH}"
