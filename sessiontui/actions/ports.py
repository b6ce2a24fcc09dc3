"""The ports every action draws from, in one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sessiontui.catalogue.port import Catalogue
from sessiontui.domain.errors import NotYours, SessionGone, Unknown
from sessiontui.domain.resources import PRESETS, Preset
from sessiontui.domain.session import SCHEMA, Owner, Session
from sessiontui.engine.port import Change, Engine
from sessiontui.host.port import Host
from sessiontui.metering.port import NO_GPUS, GpuMeter, MachineMeter, Meter
from sessiontui.storage.port import Records, Storage


@dataclass(frozen=True, slots=True)
class Ports:
    """What this run of sessiontui talks to."""

    engine: Engine
    meter: Meter
    machine: MachineMeter
    storage: Storage
    catalogue: Catalogue
    host: Host
    owner: Owner
    """On whose behalf everything is done."""
    records: Records
    """What deleted sessions leave."""
    gpus: GpuMeter = NO_GPUS
    presets: tuple[Preset, ...] = PRESETS
    ssh_destination: str = ""
    """``user@host`` as a laptop reaches this machine, where the connection does not tell."""


def why_not_touch(session: Session, owner: Owner) -> str | None:
    """Why this user may not change or enter the session, None when they may.

    The engine itself would let everybody who reaches it do everything; this rule keeps colleagues
    from each other's work by mistake. Root may do all.
    """
    if session.schema > SCHEMA:
        return f"{session.name} was made by a newer sessiontui: use that version"
    if owner.uid not in (session.owner.uid, 0):
        return f"{session.name} belongs to {session.owner.name}"
    return None


def ensure_may_touch(session: Session, owner: Owner) -> None:
    """Raise NotYours with the reason when this user may not change or enter the session."""
    if (reason := why_not_touch(session, owner)) is not None:
        raise NotYours(reason)


def find_session(engine: Engine, name: str, owner: Owner) -> Session:
    """The session of that name or id: the owner's own first, else anybody's ``OWNER/NAME``.

    Only that one is looked at: another container that the engine cannot tell of is in nobody's way.
    Raises Unknown, SessionGone.
    """
    found = _named(engine.glance(), name, owner)
    if not found.brief:
        return found
    looked = engine.look(Change(found.container_id or "", found.id))
    if looked is None:
        raise SessionGone(f"{found.name} is gone", "it was deleted meanwhile")
    return looked


def _named(sessions: Sequence[Session], name: str, owner: Owner) -> Session:
    wanted_owner, _, plain = name.rpartition("/")
    for session in sessions:
        mine = session.owner.name == wanted_owner if wanted_owner else session.owner.uid == owner.uid
        if mine and session.name == plain:
            return session
    for session in sessions:
        if session.id == name:
            return session
    others = [one for one in sessions if one.name == plain]
    if others:
        raise Unknown(
            f"no session {name!r} of yours",
            f"{others[0].owner.name} has one: name it {others[0].owner.name}/{plain}",
        )
    raise Unknown(f"no session {name!r}", "see the names with: sessiontui ls --all")
