"""Finds what is to be launched again: a session, or the record of one."""

from __future__ import annotations

from sessiontui.actions.ports import Ports, find_session
from sessiontui.domain.errors import Unknown
from sessiontui.domain.launch import Draft
from sessiontui.domain.record import Record
from sessiontui.domain.repeat import draft_of
from sessiontui.domain.session import Session


def find_past(ports: Ports, name: str) -> Session | Record:
    """The session of that name or id, else the newest record of one. Raises Unknown."""
    try:
        return find_session(ports.engine, name, ports.owner)
    except Unknown as error:
        records = ports.records.records()
        for record in records:
            if name in (record.session.name, record.session.id):
                return record
        hint = "see the names with: sessiontui ls --all, sessiontui history"
        raise Unknown(error.message, hint) from None


def draft_again(ports: Ports, what: Session | Record) -> Draft:
    """The draft that launches it again, without a name; of a colleague's, the choices alone."""
    session = what.session if isinstance(what, Record) else what
    return draft_of(what, mine=session.owner.uid == ports.owner.uid)
