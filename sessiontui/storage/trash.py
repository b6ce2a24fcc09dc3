"""The names under which folders are in the trash: one rename moves a folder and tells when that was."""

from __future__ import annotations

import re
import secrets

from sessiontui.domain.folder import Discarded, folder_name_problem

_ID = re.compile(r"^([0-9]{1,15})-[0-9a-f]{8}-([A-Za-z0-9._-]{1,64})\Z")


def trash_id(name: str, at: float) -> str:
    """A new name for a folder that is discarded at a time in seconds since the epoch."""
    return f"{max(0, round(at * 1000))}-{secrets.token_hex(4)}-{name}"


def discarded(id: str, trash: str) -> Discarded | None:  # noqa: A002 - as the field of Discarded
    """What a name in the directory ``trash`` says; None for what is no folder of ours."""
    found = _ID.match(id)
    if found is None or folder_name_problem(found[2]) is not None:
        return None
    return Discarded(id, found[2], f"{trash}/{id}", int(found[1]) / 1000)
