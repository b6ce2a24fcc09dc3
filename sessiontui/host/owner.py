"""Who launches on this machine."""

from __future__ import annotations

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
