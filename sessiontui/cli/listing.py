"""`ls`: sessions, and what those with GPUs use of them."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime

from sessiontui import wiring
from sessiontui.actions.describe import session_json
from sessiontui.actions.describe_gpus import session_gpus_json
from sessiontui.actions.gpu_survey import GpuSurvey, survey_of
from sessiontui.actions.past import delete_due
from sessiontui.cli.complaint import complain
from sessiontui.cli.gpu_figures import use_words
from sessiontui.cli.printing import print_json, print_table
from sessiontui.config import Settings
from sessiontui.domain.gpu_usage import use_of
from sessiontui.domain.session import Session
from sessiontui.domain.units import format_age


def ls(arguments: Namespace, settings: Settings) -> int:
    """List sessions of all owners: those that live, or all."""
    ports = wiring.ports(settings, os.environ)
    every = ports.engine.sessions()
    gone = delete_due(ports, every)
    sessions = [
        session
        for session in every
        if session.id not in gone and (arguments.all or session.phase.live or session.interrupted)
    ]
    if arguments.quiet and not arguments.json:
        for session in sessions:
            print(session.name)
        return 0
    survey = survey_of(ports, sessions)
    if survey is not None and survey.unknown is not None:
        complain(f"what they use of their GPUs is unknown: {survey.unknown.message}", survey.unknown.hint)
    if arguments.json:
        print_json([_json(session, survey) for session in sessions])
    else:
        _print(sessions, survey)
    return 0


def _json(session: Session, survey: GpuSurvey | None) -> dict[str, object]:
    more = session_gpus_json(session, survey) if survey is not None and session.devices else {}
    return {**session_json(session), **more}


def _print(sessions: Sequence[Session], survey: GpuSurvey | None) -> None:
    """The table; it has a column of GPUs where some session has any."""
    now = datetime.now(UTC)
    rows = [
        (
            session.name,
            f"{session.environment} {session.version}".strip(),
            f"{session.phase}" + (f" ({session.reason})" if session.reason else ""),
            format_age((now - session.created_at).total_seconds()),
            str(session.ask),
            *(() if survey is None else (_gpus(session, survey),)),
            session.owner.name,
        )
        for session in sessions
    ]
    head = (
        "NAME",
        "ENVIRONMENT",
        "PHASE",
        "AGE",
        "RESOURCES",
        *(() if survey is None else ("GPU",)),
        "OWNER",
    )
    print_table(head, rows, fit=True, give=2)


def _gpus(session: Session, survey: GpuSurvey) -> str:
    """Its devices by number, and what it uses of them."""
    if not session.devices:
        return "—"
    devices = [survey.gpu(uuid) for uuid in session.devices]
    return use_words(devices, use_of(session, survey.gpus, survey.sample), shared=session.gpu_shared)
