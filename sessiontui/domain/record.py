"""What is kept of a session that was deleted: enough to know what it was, and to launch it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sessiontui.domain.batch import Batch
from sessiontui.domain.environment import App
from sessiontui.domain.flat import read, told, whole
from sessiontui.domain.folder import Mount
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner, Phase, Session

_TEXTS = ("id", "name", "environment", "version", "image", "reason", "deleted_by")
_KEPT = _TEXTS[:-1]


@dataclass(frozen=True, slots=True)
class Record:
    """One deleted session."""

    session: Session
    """As it was last seen, of its apps only those that the person served."""
    deleted_at: datetime
    deleted_by: str
    """Name of the user who deleted it."""


_REMEDIES = (
    ": start resumes it",
    ": start goes on",
    ": start it to finish the launch, or delete it",
    ": resize it",
    ": resize it, then start it",
    ": see its logs",
    ": delete it again",
)
"""How reasons end that say what can be done: to a deleted session it cannot."""


def record_of(session: Session, deleted_at: datetime, deleted_by: str) -> Record:
    """The record of a session that is about to be deleted; one that runs ends with that."""
    ended_at = session.ended_at or (deleted_at if session.phase.live else None)
    own = tuple(app for app in session.apps if app.own)
    reason = session.reason
    for remedy in _REMEDIES:
        reason = reason.removesuffix(remedy)
    kept = replace(
        session,
        apps=own,
        ended_at=ended_at,
        reason=reason,
        container_id=None,
        pid=None,
        ports=(),
        brief=False,
    )
    return Record(kept, deleted_at, deleted_by)


def record_json(record: Record) -> dict[str, Any]:
    """The record as a JSON object. It holds the names of secret variables, and none of their values."""
    session = record.session
    return {
        "deleted_at": record.deleted_at.isoformat(),
        "deleted_by": record.deleted_by,
        **{name: getattr(session, name) for name in _KEPT},
        "owner": told(session.owner),
        "phase": str(session.phase),
        "exit_code": session.exit_code,
        "ask": told(session.ask),
        "devices": list(session.devices),
        "gpu_shared": session.gpu_shared,
        "gpu_memory": session.gpu_memory,
        "mounts": [told(mount) for mount in session.mounts],
        "apps": [told(app) for app in session.apps],
        "env": [list(pair) for pair in session.env],
        "secrets": list(session.secret_names),
        "batch": told(session.batch) if session.batch else None,
        "created_at": session.created_at.isoformat(),
        "started_at": session.started_at.isoformat() if session.started_at else None,
        "ended_at": session.ended_at.isoformat() if session.ended_at else None,
    }


def read_record(value: object) -> Record | None:
    """The record of such an object; None for what is none. What is missing or garbled in it is left out."""
    if not isinstance(value, Mapping):
        return None
    said = {name: value.get(name) for name in _TEXTS}
    text = {name: one if isinstance(one, str) else "" for name, one in said.items()}
    deleted_at, created_at = _moment(value.get("deleted_at")), _moment(value.get("created_at"))
    owner = read(Owner, value.get("owner"))
    if deleted_at is None or owner is None or not text["id"] or not text["name"]:
        return None
    code = value.get("exit_code")
    phase = value.get("phase")
    session = Session(
        id=text["id"],
        name=text["name"],
        environment=text["environment"],
        version=text["version"],
        image=text["image"],
        reason=text["reason"],
        owner=owner,
        phase=Phase(phase) if phase in list(Phase) else Phase.STOPPED,
        ask=read(Ask, value.get("ask")) or Ask(0, 0),
        created_at=created_at or deleted_at,
        started_at=_moment(value.get("started_at")),
        ended_at=_moment(value.get("ended_at")),
        exit_code=code if isinstance(code, int) and not isinstance(code, bool) else None,
        devices=tuple(one for one in _list(value.get("devices")) if isinstance(one, str)),
        gpu_shared=value.get("gpu_shared") is True,
        gpu_memory=whole(value.get("gpu_memory")),
        mounts=tuple(filter(None, (read(Mount, one) for one in _list(value.get("mounts"))))),
        apps=tuple(filter(None, (read(App, one) for one in _list(value.get("apps"))))),
        env=tuple(
            (pair[0], pair[1])
            for pair in _list(value.get("env"))
            if isinstance(pair, list) and len(pair) == 2 and all(isinstance(one, str) for one in pair)
        ),
        secret_names=tuple(one for one in _list(value.get("secrets")) if isinstance(one, str)),
        batch=read(Batch, value.get("batch")),
    )
    return Record(session, deleted_at, text["deleted_by"])


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)
