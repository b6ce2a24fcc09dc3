"""Who launches on this machine."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Mapping

from sessiontui.domain.session import Owner


def find_owner(environ: Mapping[str, str]) -> Owner:
    """The user of this process; under sudo, the one who called it."""
    uid, gid, name = os.getuid(), os.getgid(), environ.get("USER", "")
    called_by, of_group = environ.get("SUDO_UID", ""), environ.get("SUDO_GID", "")
    if os.geteuid() == 0 and called_by.isdigit() and of_group.isdigit():
        uid, gid, name = int(called_by), int(of_group), environ.get("SUDO_USER", "")
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:  # a user of a directory service that does not answer, or of no account at all
        name = name or str(uid)
    return Owner(name, uid, gid)


def groups_of(owner: Owner) -> frozenset[str]:
    """Names of the groups that a login of the owner gets from now on; one made earlier may lack some."""
    try:
        numbers = os.getgrouplist(owner.name, owner.gid)
    except (OSError, KeyError):
        return frozenset()
    return frozenset(name for number in numbers if (name := _name_of_group(number)))


def groups_held() -> frozenset[str]:
    """Names of the groups this process has."""
    return frozenset(name for number in os.getgroups() if (name := _name_of_group(number)))


def _name_of_group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return ""
