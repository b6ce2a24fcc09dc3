"""What the owner of folders may do with a directory, also where root acts for them."""

from __future__ import annotations

import os
import pwd
import subprocess
from functools import lru_cache

from sessiontui.domain.folder import Folder
from sessiontui.domain.session import Owner
from sessiontui.storage.folder_root import FolderRoot


def described(root: FolderRoot, name: str) -> Folder:
    """The folder that is a directory in the root. Raises FileNotFoundError."""
    status = os.stat(name, dir_fd=root.descriptor, follow_symlinks=False)
    return folder_of(root, name, f"{root.path}/{name}", status, (name, root.descriptor))


def folder_of(
    root: FolderRoot,
    name: str,
    path: str,
    status: os.stat_result,
    place: tuple[str, int | None],
    *,
    imported: bool = False,
) -> Folder:
    """A folder by what its directory is like; ``place`` is where that can be asked about."""
    readable = _may(root, status, os.R_OK | os.X_OK, place)
    return Folder(
        name,
        path,
        writable=_may(root, status, os.W_OK | os.X_OK, place),
        owner=user_name(status.st_uid),
        imported=imported,
        trouble="" if readable else f"{root.owner.name} may not read {path}",
    )


def may_read(path: str, root: FolderRoot) -> bool:
    """Whether the owner may list a directory and enter it: the kernel is asked, as the owner."""
    if not root.acting:
        return os.access(path, os.R_OK | os.X_OK)
    asked = subprocess.run(
        ["test", "-r", path, "-a", "-x", path],
        user=root.owner.uid,
        group=root.owner.gid,
        extra_groups=_groups(root.owner),
        cwd="/",
        check=False,
    )
    return asked.returncode == 0


@lru_cache(maxsize=256)
def user_name(uid: int) -> str:
    """The name of a user, the number of one without a name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _may(root: FolderRoot, status: os.stat_result, wanted: int, place: tuple[str, int | None]) -> bool:
    if not root.acting:
        return os.access(place[0], wanted, dir_fd=place[1])
    # Root may all: what the owner may is read off the permissions.
    if status.st_uid == root.owner.uid:
        held = status.st_mode >> 6
    elif status.st_gid in _groups(root.owner):
        held = status.st_mode >> 3
    else:
        held = status.st_mode
    return held & wanted == wanted


@lru_cache(maxsize=16)
def _groups(owner: Owner) -> tuple[int, ...]:
    try:
        return tuple(os.getgrouplist(owner.name, owner.gid))
    except (OSError, KeyError):
        return (owner.gid,)
