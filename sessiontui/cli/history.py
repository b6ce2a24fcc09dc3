"""`history`: what deleted sessions were."""

from __future__ import annotations

import os
from argparse import Namespace
from datetime import UTC, datetime

from sessiontui import wiring
from sessiontui.actions import describe
from sessiontui.actions.past import past
from sessiontui.cli.complaint import complain
from sessiontui.cli.printing import print_json, print_table, shorten
from sessiontui.config import Settings
from sessiontui.domain.errors import EngineError
from sessiontui.domain.session import Session
from sessiontui.domain.units import format_age


def history(arguments: Namespace, settings: Settings) -> int:
    """List deleted sessions, the newest first. Also without an engine, and a word on stderr."""
    ports = wiring.ports(settings, os.environ)
    sessions: tuple[Session, ...] = ()
    try:
        sessions = ports.engine.glance()
    except EngineError as error:
        complain(f"what is still there may be among them: {error.message}", error.hint)
    records = past(ports, sessions)[: arguments.number]
    if arguments.json:
        print_json([describe.record_json(record) for record in records])
        return 0
    now = datetime.now(UTC)
    rows = [
        (
            session.name,
            f"{session.environment} {session.version}".strip(),
            str(session.ask),
            ", ".join(str(mount) for mount in session.mounts) or "—",
            _ago(session.created_at, now),
            _ago(record.deleted_at, now),
            shorten(session.reason or str(session.phase), 60),
            shorten(session.batch.command, 40) if session.batch else "",
        )
        for record in records
        for session in (record.session,)
    ]
    print_table(
        ("NAME", "ENVIRONMENT", "RESOURCES", "FOLDERS", "LAUNCHED", "DELETED", "END", "COMMAND"),
        rows,
        fit=True,
        give=6,
    )
    return 0


def _ago(moment: datetime, now: datetime) -> str:
    return f"{format_age((now - moment).total_seconds())} ago"
