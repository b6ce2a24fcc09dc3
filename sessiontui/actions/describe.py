"""The JSON shapes of what commands print. Keys are documented in README and stable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sessiontui.actions.folders import last_used, users_of
from sessiontui.domain.environment import App, AppState, Environment
from sessiontui.domain.folder import Discarded, Extent, Folder
from sessiontui.domain.record import Record
from sessiontui.domain.session import Endpoint, Session


def session_json(session: Session) -> dict[str, Any]:
    """A session: memory in bytes, cpu in cores, times in ISO 8601 with zone."""
    return {
        "id": session.id,
        "name": session.name,
        "container_id": session.container_id,
        "phase": str(session.phase),
        "exit_code": session.exit_code,
        "reason": session.reason,
        "environment": session.environment,
        "version": session.version,
        "image": session.image,
        "resources": {
            "cpu": session.ask.cpu,
            "memory": session.ask.memory,
            "gpu": session.ask.gpu,
            "devices": list(session.devices),
        },
        "mounts": [
            {
                "folder": mount.folder,
                "source": mount.source,
                "target": mount.target,
                "read_only": mount.read_only,
            }
            for mount in session.mounts
        ],
        "apps": [
            {"name": app.name, "label": app.label, "protocol": app.protocol, "port": app.port}
            for app in session.apps
        ],
        "owner": session.owner.name,
        "created_at": session.created_at.isoformat(),
        "started_at": session.started_at.isoformat() if session.started_at else None,
        "ended_at": session.ended_at.isoformat() if session.ended_at else None,
        "batch": None
        if session.batch is None
        else {
            "command": session.batch.command,
            "time_limit": session.batch.seconds,
            "delete_when_finished": session.batch.delete,
        },
        "secrets": list(session.secret_names),
    }


def record_json(record: Record) -> dict[str, Any]:
    """A deleted session: as it was last seen, and its end."""
    session = record.session
    told = session_json(session)
    del told["container_id"], told["apps"]
    return {
        **told,
        "ports": [app.port for app in session.apps if app.own],
        "env": dict(session.env),
        "deleted_at": record.deleted_at.isoformat(),
        "deleted_by": record.deleted_by,
    }


def environment_json(environment: Environment, sizes: Mapping[str, int]) -> list[dict[str, Any]]:
    """An environment: one object a version; a maximum is null where the engine is the only bound.

    ``sizes`` are those of the images on the engine, in bytes; null where it is not there.
    """
    return [
        {
            "name": environment.name,
            "version": version.name,
            "image": version.image,
            "tags": list(version.tags),
            "minimums": {
                "cpu": minimum.cpu,
                "memory": minimum.memory,
                "gpu": minimum.gpu,
            },
            "accelerators": list(version.accelerators),
            "apps": [app.name for app in environment.apps_of(version)],
            "source": environment.source,
            "label": environment.label,
            "version_label": version.label or version.name,
            "group": environment.group,
            "maximums": {
                "cpu": version.ceiling.cpu,
                "memory": version.ceiling.memory,
                "gpu": version.ceiling.gpu,
            },
            "size": sizes.get(version.image),
            "owner": environment.owner or None,
        }
        for version in environment.versions
        for minimum in (environment.minimum_of(version),)
    ]


def folder_json(
    folder: Folder, extent: Extent | None, sessions: Sequence[Session], deleted: Sequence[Session] = ()
) -> dict[str, Any]:
    """A folder: size in bytes and number of files are null where they are not known.

    ``deleted`` are sessions that used it and are no more.
    """
    used = last_used(folder, (*sessions, *deleted))
    return {
        "name": folder.name,
        "path": folder.path,
        "permission": folder.permission,
        "size": extent.bytes if extent else None,
        "mounted_by": [session.name for session in users_of(folder, sessions)],
        "owner": folder.owner,
        "files": extent.files if extent else None,
        "imported": folder.imported,
        "last_used": used.isoformat() if used else None,
        "trouble": folder.trouble,
    }


def discarded_json(discarded: Discarded) -> dict[str, Any]:
    """A folder in the trash."""
    return {
        "id": discarded.id,
        "name": discarded.name,
        "path": discarded.path,
        "discarded_at": datetime.fromtimestamp(discarded.discarded_at, UTC).isoformat(),
    }


def endpoint_json(endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint: ``url`` is null for what is not http, ``lines`` is there for SSH only."""
    described: dict[str, Any] = {
        "app": endpoint.app,
        "url": endpoint.url or None,
        "host": endpoint.host,
        "port": endpoint.port,
        "ssh_command": endpoint.ssh_command,
        "held": endpoint.held,
    }
    if endpoint.lines:
        described["lines"] = [{"label": label, "line": line} for label, line in endpoint.lines]
    return described


def app_json(app: App, state: AppState) -> dict[str, Any]:
    """An app of a running session: ``state`` is a word of AppPhase, ``reason`` why it failed."""
    return {
        "name": app.name,
        "label": app.label,
        "group": app.group,
        "protocol": app.protocol,
        "port": app.port,
        "state": str(state.phase),
        "reason": state.reason,
        "question": app.question,
        "answer": state.answer,
    }
