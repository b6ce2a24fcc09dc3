"""What deleted sessions leave, whatever goes wrong; and what is deleted once it is finished."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sessiontui.actions import end
from sessiontui.actions.past import GRACE, delete_due, due, past
from sessiontui.actions.ports import Ports
from sessiontui.domain.batch import Batch
from sessiontui.domain.errors import EngineError, NotYours, SessionGone, StorageError
from sessiontui.domain.session import Owner, Phase
from sessiontui.engine.memory import MemoryEngine
from sessiontui.storage.memory_records import MemoryRecords
from tests.pilot.stage import ListedEnvironments, QuietHost, ScriptedMachine, ScriptedMeter, TwoFolders
from tests.sessions import NOW, session

ALICE = session().owner
MARKED = session(batch=Batch("make", delete=True))


@pytest.fixture
def ports() -> Ports:
    meter, machine = ScriptedMeter(), ScriptedMachine()
    return Ports(
        MemoryEngine(),
        meter,
        machine,
        TwoFolders(),
        ListedEnvironments(),
        QuietHost(),
        ALICE,
        MemoryRecords(),
    )


def names(ports: Ports) -> list[str]:
    return [record.session.name for record in past(ports, ports.engine.sessions())]


def engine(ports: Ports) -> MemoryEngine:
    assert isinstance(ports.engine, MemoryEngine)
    return ports.engine


def test_a_deleted_session_leaves_a_record(ports: Ports) -> None:
    one = engine(ports).put(session(reason="took 2h"))
    assert end.delete(ports, one) == ""
    (record,) = past(ports, ports.engine.sessions())
    assert record.deleted_by == "alice"
    assert (record.session.name, record.session.reason) == ("train", "took 2h")


def test_a_delete_that_fails_leaves_nothing_to_see(ports: Ports) -> None:
    one = engine(ports).put(session())
    engine(ports).failing["delete"] = EngineError("no")
    with pytest.raises(EngineError):
        end.delete(ports, one)
    assert names(ports) == []
    del engine(ports).failing["delete"]
    end.delete(ports, one)
    assert names(ports) == ["train"]


def test_a_record_that_cannot_be_kept_does_not_keep_the_session(ports: Ports) -> None:
    one = engine(ports).put(session())
    assert isinstance(ports.records, MemoryRecords)
    ports.records.failing = StorageError("cannot write history: No space left on device")
    assert "no line in the history: cannot write" in end.delete(ports, one)
    assert ports.engine.sessions() == ()


def test_of_what_the_list_alone_has_told_the_record_knows_more(ports: Ports) -> None:
    whole = engine(ports).put(session(reason="out of memory (limit 4G)", phase=Phase.FAILED))
    end.delete(ports, replace(whole, brief=True, reason="", ended_at=None))
    (record,) = past(ports, ())
    assert record.session == replace(whole, ports=())


def test_nothing_is_recorded_of_what_may_not_be_deleted(ports: Ports) -> None:
    one = engine(ports).put(session(owner=Owner("bob", 1001, 1001)))
    with pytest.raises(NotYours):
        end.delete(ports, one)
    assert ports.records.records() == ()


def test_a_session_that_is_gone_keeps_its_record(ports: Ports) -> None:
    """Of two that delete it, one is told that it is gone: it was there when both looked."""
    with pytest.raises(SessionGone):
        end.delete(ports, session())
    assert names(ports) == ["train"]


def test_only_what_ended_well_and_is_marked_and_ones_own_is_due() -> None:
    later = NOW + GRACE
    assert due([MARKED], ALICE, later) == (MARKED,)
    others = [
        session(batch=Batch("make")),
        session(),
        replace(MARKED, phase=Phase.FAILED, exit_code=3),
        replace(MARKED, phase=Phase.STOPPED, exit_code=143),
        replace(MARKED, phase=Phase.RUNNING, exit_code=None, ended_at=None),
        replace(MARKED, ended_at=None),
        replace(MARKED, schema=99),
    ]
    assert due(others, ALICE, later) == ()
    assert due([MARKED], Owner("bob", 1001, 1001), later) == ()
    assert due([MARKED], Owner("root", 0, 0), later) == (), "root looks, and it is not root's"
    assert due([MARKED], ALICE, later - timedelta(seconds=1)) == ()


def test_what_is_due_is_deleted_with_a_record(ports: Ports) -> None:
    for name in ("one", "two"):
        engine(ports).put(session(name, batch=Batch("make", delete=True)))
    engine(ports).put(session("three", batch=Batch("make")))
    assert delete_due(ports, ports.engine.sessions()) == ("idone", "idtwo")
    assert [one.name for one in ports.engine.sessions()] == ["three"]
    assert names(ports) == ["two", "one"]


def test_one_that_somebody_else_deletes_first_disturbs_nobody(ports: Ports) -> None:
    assert delete_due(ports, [MARKED]) == ()


def test_what_only_a_list_has_told_of_is_looked_at_before_it_is_due(ports: Ports) -> None:
    one = engine(ports).put(session("one", batch=Batch("make", delete=True)))
    two = engine(ports).put(session("two", batch=Batch("make", delete=True)))
    brief = [replace(one, brief=True, ended_at=None), replace(two, brief=True, ended_at=None)]
    engine(ports).put(replace(two, phase=Phase.RUNNING, exit_code=None, ended_at=None))
    assert delete_due(ports, brief) == ("idone",)
    assert [one.name for one in ports.engine.sessions()] == ["two"]
