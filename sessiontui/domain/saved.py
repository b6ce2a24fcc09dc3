"""Environments saved from sessions: their names, and what the label on their images says."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sessiontui.domain.environment import App
from sessiontui.domain.flat import read, told
from sessiontui.domain.resources import Ask

SAVED = "sessiontui-saved/"
"""Begins the names of images made of sessions: ``sessiontui-saved/UID/NAME:VERSION``."""
SAVED_LABEL = "sessiontui.saved"
"""On such an image: what it is, as JSON."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,30}[A-Za-z0-9]")
_REPOSITORY = re.compile(r"sessiontui-saved/([0-9]{1,10})/[a-z0-9-]{3,32}")
_OWNER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}")
_LONGEST = 200
"""Characters of a text in the label that are shown."""
_LARGEST = 256 * 1024
"""Characters of a label that are read at all: no honest one holds more."""


def saved_name_problem(name: str) -> str | None:
    """Why an environment cannot be saved under this name, None when it can. (Backend.AI's rule for the
    names of customized images, with a letter or digit at both ends.)
    """
    if _NAME.fullmatch(name):
        return None
    return "use 4 to 32 letters, digits, dash and underscore, beginning and ending with a letter or digit"


def saved_repository(uid: int, name: str) -> str:
    """The repository of an image. Names that differ only in case or in their separators share one: a
    repository has neither capitals nor just any row of separators.
    """
    return f"{SAVED}{uid}/{re.sub(r'[_-]+', '-', name.lower())}"


def saved_uid(repository: str) -> int | None:
    """Whose the images of that repository are; None where no saved image is called like it."""
    found = _REPOSITORY.fullmatch(repository)
    return int(found[1]) if found else None


def version_of(moment: datetime) -> str:
    """What the version saved at that moment is called: versions are told apart by when they were saved."""
    return moment.strftime("%Y%m%d-%H%M%S")


@dataclass(frozen=True, slots=True)
class Saved:
    """What an image made of a session tells about itself."""

    name: str
    """As the person wrote it."""
    owner: str
    """Name of the user whose it is."""
    uid: int
    made_of: str = ""
    """What the session's environment and version are called."""
    base: str = ""
    """The image that the session ran."""
    created_at: str = ""
    """When it was saved, ISO 8601 with zone."""
    apps: tuple[App, ...] = ()
    minimum: Ask | None = None
    """What it needs at least, where that is known."""
    shared_memory: int | None = None
    core_variables: tuple[str, ...] = ()


def label_of(saved: Saved) -> str:
    """The value of the label."""
    said: dict[str, Any] = {
        "name": saved.name,
        "owner": saved.owner,
        "uid": saved.uid,
        "made_of": saved.made_of,
        "base": saved.base,
        "created_at": saved.created_at,
        "apps": [told(app) for app in saved.apps],
        "minimum": told(saved.minimum) if saved.minimum else None,
        "shared_memory": saved.shared_memory,
        "core_variables": list(saved.core_variables),
    }
    return json.dumps(said, separators=(",", ":"))


def read_label(text: str) -> Saved | None:
    """What a label says, leniently: what is garbled counts as not said; None without a name and a uid."""
    try:
        said = json.loads(text) if len(text) <= _LARGEST else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    name, uid = said.get("name"), _number(said.get("uid"))
    if not isinstance(name, str) or not _NAME.fullmatch(name) or uid is None:
        return None
    owner = said.get("owner")
    minimum = read(Ask, said.get("minimum"))
    return Saved(
        name=name,
        owner=owner if isinstance(owner, str) and _OWNER.fullmatch(owner) else str(uid),
        uid=uid,
        made_of=_text(said.get("made_of")),
        base=_text(said.get("base")),
        created_at=_text(said.get("created_at")),
        apps=tuple(filter(None, (read(App, one) for one in _list(said.get("apps"))))),
        minimum=minimum if minimum is not None and minimum.cpu > 0 and minimum.memory > 0 else None,
        shared_memory=_number(said.get("shared_memory")),
        core_variables=tuple(
            one
            for one in _list(said.get("core_variables"))
            if isinstance(one, str) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", one)
        ),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return "".join(sign for sign in value[:_LONGEST] if sign.isprintable())


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
