"""Entering a shell, with somebody who stands by."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from sessiontui.actions.enter import enter, line_command, program_named, way_in
from sessiontui.actions.ports import Ports
from sessiontui.domain.errors import EngineError, HostError, NotYours, Unknown
from sessiontui.domain.session import Session
from sessiontui.engine.memory import MemoryEngine
from sessiontui.engine.memory_pipe import MemoryPipe
from sessiontui.engine.port import LEFT
from sessiontui.storage.memory_records import MemoryRecords
from tests.pilot.stage import (
    BOB,
    ListedEnvironments,
    QuietHost,
    ScriptedMachine,
    ScriptedMeter,
    Stage,
    TwoFolders,
)


class Attended(MemoryEngine):
    """An engine whose attendant may not come."""

    refuses = False

    def attend(self, session: Session, entry: str) -> MemoryPipe:
        if self.refuses:
            raise EngineError("no attendant here")
        return super().attend(session, entry)


@pytest.fixture
def engine() -> Attended:
    return Attended()


@pytest.fixture
def session(engine: Attended) -> Session:
    return Stage(engine=engine).put("nifty-bohr")


@pytest.fixture
def ports(engine: Attended, session: Session) -> Ports:
    meter, machine = ScriptedMeter(), ScriptedMachine()
    return Ports(
        engine,
        meter,
        machine,
        TwoFolders(),
        ListedEnvironments(),
        QuietHost(),
        session.owner,
        MemoryRecords(),
    )


def words_of(engine: Attended) -> bytes:
    """What the attendant heard until it was let go."""
    (pipe,) = engine.attendants.values()
    return b"".join(iter(pipe.read, b""))


@pytest.mark.parametrize(("code", "word"), [(0, LEFT), (1, LEFT), (129, b""), (137, b"")])
def test_only_a_shell_that_was_left_goes_on(
    ports: Ports, engine: Attended, session: Session, code: int, word: bytes
) -> None:
    entry = way_in(ports, session, terminal="xterm")
    assert enter(engine, entry, lambda argv, banner: code, "") == code
    assert words_of(engine) == word


def test_one_whose_terminal_breaks_does_not_go_on(ports: Ports, engine: Attended, session: Session) -> None:
    def broken(argv: list[str], banner: str) -> int:
        raise HostError("there is no terminal")

    with pytest.raises(HostError):
        enter(engine, way_in(ports, session, terminal="xterm"), broken, "")
    assert words_of(engine) == b""


def test_the_attendant_is_there_before_the_shell(ports: Ports, engine: Attended, session: Session) -> None:
    entry = way_in(ports, session, terminal="xterm")
    assert enter(engine, entry, lambda argv, banner: len(engine.attendants), "") == 1


def test_without_an_attendant_the_shell_opens_all_the_same(
    ports: Ports, engine: Attended, session: Session
) -> None:
    engine.refuses = True
    assert enter(engine, way_in(ports, session, terminal="xterm"), lambda argv, banner: 7, "") == 7


def test_a_colleagues_session_is_not_entered(ports: Ports, session: Session) -> None:
    with pytest.raises(NotYours):
        way_in(replace(ports, owner=BOB), session, terminal="xterm")


def test_a_shell_is_found_by_name_or_path(engine: Attended, session: Session) -> None:
    assert program_named(engine, session, "bash") == "/bin/bash"
    assert program_named(engine, session, "/bin/sh") == "/bin/sh"
    with pytest.raises(Unknown, match="no shell 'fish'") as caught:
        program_named(engine, session, "fish")
    assert caught.value.hint == "it has bash, sh"


def test_a_line_keeps_what_it_printed_until_it_was_read() -> None:
    command = line_command("echo 'it  is'; exit 3", "/bin/sh")
    done = subprocess.run(command, input="\n", capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stdout == "it  is\n\n(ended with exit code 3; Enter goes back) "
