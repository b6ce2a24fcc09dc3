"""What the Engine API says that answers look like, as far as everything here builds on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessiontui.dockerd.errors import BrokenAnswerError

if TYPE_CHECKING:
    from sessiontui.dockerd.reading import Json

_INSPECTED = ("Config", "HostConfig", "State")
"""Objects in ``GET /containers/ID/json``."""


def checked(path: str, answer: Json) -> Json:
    """The answer to a ``GET`` of that path, of ``/events`` one event.

    Raises BrokenAnswerError for what no engine answers.
    """
    if path == "/containers/json":
        good = isinstance(answer, list) and all(_has_id(one) for one in answer)
    elif path.startswith("/containers/") and path.endswith("/json"):
        good = _has_id(answer) and all(isinstance(answer.get(one), dict) for one in _INSPECTED)
    elif path == "/volumes":
        good = isinstance(answer, dict) and _named(answer.get("Volumes") or [])
    elif path.startswith("/volumes/"):
        good = _named([answer])
    elif path == "/images/json":
        good = isinstance(answer, list) and all(isinstance(one, dict) for one in answer)
    elif path == "/events":
        good = isinstance(answer, dict)
    elif path == "/info":
        good = isinstance(answer, dict) and isinstance(answer.get("ServerVersion"), str)
    else:
        good = isinstance(answer, dict | list)
    if not good:
        raise BrokenAnswerError("what it answers is not what a container engine says")
    return answer


def _has_id(one: object) -> bool:
    return isinstance(one, dict) and isinstance(one.get("Id"), str)


def _named(volumes: object) -> bool:
    return isinstance(volumes, list) and all(
        isinstance(one, dict) and isinstance(one.get("Name"), str) for one in volumes
    )
