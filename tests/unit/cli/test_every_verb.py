"""What every command of the command line does with a session of a later version, and with hostile text."""

from __future__ import annotations

import argparse
import io
import re
import signal
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from sessiontui import cli, wiring
from sessiontui.access.keys import KeyRing
from sessiontui.access.ssh_config import SshConfig
from sessiontui.cli.parser import parser
from sessiontui.domain.folder import Mount
from sessiontui.domain.gpu import Driver, Gpu, GpuProcess, GpuReading, GpuSample, Place, Vendor
from sessiontui.domain.session import SCHEMA, Phase, Session
from sessiontui.engine.labels import PREFIX, Labels
from sessiontui.metering.scripted_gpus import ScriptedGpus
from tests.dialogs import JUPYTER, OWNER, World

TOUCHING = {
    "apps": ["apps", "later"],
    "open": ["open", "later", "jupyterlab"],
    "close": ["close", "later", "jupyterlab"],
    "forward": ["forward", "later", "8888"],
    "shell": ["shell", "later", "--", "true"],
    "cp": ["cp", "later:notes", "."],
    "stop": ["stop", "later"],
    "start": ["start", "later"],
    "resize": ["resize", "later", "--cpu", "1"],
    "rm": ["rm", "--yes", "later"],
    "save": ["save", "later", "mine"],
    "ssh-config": ["ssh-config", "--key", "later"],
}
"""Commands that change or enter a session, each as it is given for one."""
SHOWING = {"ls": ["ls", "--all"], "logs": ["logs", "later"]}
"""Those that show one."""
OF_NO_SESSION = {"launch", "environments", "folders", "history", "setup", "doctor", "gpus"}
"""Those that name none."""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The command line works on an engine in memory."""
    world = World(tmp_path)
    config = SshConfig(tmp_path, tmp_path / "ssh_config", OWNER)
    monkeypatch.setattr(wiring, "ports", lambda settings, environ: world.ports)
    monkeypatch.setattr(wiring, "keys", lambda environ: KeyRing(tmp_path / "keys", OWNER, config))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    handlers = [(one, signal.getsignal(one)) for one in (signal.SIGTERM, signal.SIGHUP)]
    yield world
    for one, handler in handlers:
        signal.signal(one, handler)


@pytest.fixture
def later(world: World) -> Session:
    session = world.session("later")
    world.engine.write_file("later", "/home/work/notes", b"dear")
    world.engine.write("later", b"printed\n")
    return world.engine.put(replace(session, schema=SCHEMA + 1))


def verbs() -> set[str]:
    actions = parser()._actions
    (commands,) = [one for one in actions if isinstance(one, argparse._SubParsersAction)]
    return set(commands.choices)


def test_every_command_is_where_it_is_looked_for() -> None:
    assert cli.MODULES.keys() == verbs()
    for verb, name in cli.MODULES.items():
        assert callable(getattr(import_module(f"sessiontui.cli.{name}"), verb.replace("-", "_")))


def test_the_tables_name_every_command() -> None:
    assert {*TOUCHING, *SHOWING, *OF_NO_SESSION} == verbs(), "a new command belongs into one of them"


@pytest.mark.parametrize("verb", TOUCHING)
@pytest.mark.parametrize("phase", [Phase.RUNNING, Phase.STOPPED])
def test_a_session_of_a_later_version_is_not_touched(
    world: World, later: Session, capsys: pytest.CaptureFixture[str], verb: str, phase: Phase
) -> None:
    before = world.engine.put(replace(later, phase=phase))
    files = dict(world.engine._files["later"])
    assert cli.run(TOUCHING[verb]) == 1
    assert "was made by a newer sessiontui: use that version" in capsys.readouterr().err
    assert world.engine.sessions() == (before,)
    assert world.engine._files["later"] == files
    assert not world.engine._served


@pytest.mark.parametrize("verb", SHOWING)
def test_a_session_of_a_later_version_is_shown(
    later: Session, capsysbinary: pytest.CaptureFixture[bytes], verb: str
) -> None:
    assert cli.run(SHOWING[verb]) == 0
    assert {"ls": b"later", "logs": b"printed"}[verb] in capsysbinary.readouterr().out


# --- hostile text --------------------------------------------------------------------------------------

EVIL = "[red]\x1b[31m\x1b]0;title\x07\u202egnp\r\n日本\x00\x9b1m" + "x" * 10_240


@pytest.fixture
def hostile(world: World) -> Session:
    """A session that is hostile in all that others can write."""
    app = replace(JUPYTER, label=EVIL, group=EVIL)
    evil_app = replace(JUPYTER, name=EVIL, label=EVIL, port=8889, command="false")
    session = world.session(
        # Of names, the labels are read so that nothing in them acts.
        Labels({f"{PREFIX}name": EVIL}).name,
        id="evil",
        environment=EVIL,
        version=EVIL,
        image=EVIL,
        reason=EVIL,
        mounts=(Mount(EVIL, f"/{EVIL}", f"/home/work/{EVIL}"),),
        env=((EVIL, EVIL),),
        apps=(app, evil_app),
        devices=("GPU-0", EVIL),
        container_id="evil",
    )
    process = GpuProcess(4711, command=EVIL, user=EVIL, place=Place.HOST)
    reading = GpuReading("GPU-0", 0.0, processes=(process,), trouble=EVIL)
    sample = GpuSample({"GPU-0": reading}, (Driver(Vendor.NVIDIA, EVIL, EVIL, expected=True),))
    world.ports = replace(
        world.ports, gpus=ScriptedGpus((Gpu("GPU-0", 0, EVIL, trouble=EVIL),), lambda sessions: sample)
    )
    world.engine.write_file("evil", f"/home/work/{EVIL}", b"x")
    world.engine.write("evil", f"{EVIL}\n".encode())
    world.engine._images[EVIL] = ""
    world.engine.image_labels[EVIL] = {"org.opencontainers.image.title": EVIL}
    return session


HOSTILE = [
    ["ls", "--all"],
    ["ls", "--all", "--json"],
    ["ls", "--all", "-q"],
    ["gpus"],
    ["gpus", "--json"],
    ["apps", "evil"],
    ["apps", "evil", "--json"],
    ["open", "evil", EVIL],
    ["open", "evil", "jupyterlab"],
    ["close", "evil", EVIL],
    ["logs", "evil"],
    ["environments", "--all"],
    ["folders", "ls"],
    ["history"],
    ["rm", "evil"],
    ["rm", "--yes", "evil"],
    ["stop", "evil"],
    ["start", "evil"],
    ["resize", "evil", "--cpu", "1"],
    ["cp", f"evil:{EVIL}", "/nowhere"],
    ["cp", f"{EVIL}:x", "."],
    ["forward", "evil", EVIL],
    ["shell", EVIL, "--", "true"],
    ["stop", EVIL],
    ["launch", EVIL, "--name", EVIL, "--mount", EVIL, "--env", f"{EVIL}=1"],
    ["launch", "--image", EVIL, "--name", "fine"],
    ["launch", "python", "--gpu-device", f"{EVIL},0"],
    ["save", "evil", "mine"],
    ["environments", "rm", EVIL],
    ["ssh-config", "--key", "evil"],
    ["ssh-config", "--laptop", "evil"],
]


class Terminal(io.TextIOWrapper):
    """A person's terminal."""

    def __init__(self) -> None:
        self.written = io.BytesIO()
        super().__init__(self.written, "utf-8", write_through=True)

    def isatty(self) -> bool:
        return True

    def text(self) -> str:
        return self.written.getvalue().decode()


@pytest.mark.parametrize("line", HOSTILE, ids=lambda line: " ".join(line).replace(EVIL, "EVIL"))
def test_a_terminal_obeys_nothing_of_what_strangers_wrote(
    hostile: Session, monkeypatch: pytest.MonkeyPatch, line: list[str]
) -> None:
    terminal, errors = Terminal(), Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setattr("sys.stderr", errors)
    monkeypatch.setattr("sys.stdin", Person("no\n"))
    monkeypatch.setattr("builtins.input", lambda question: (print(question), "no")[1])
    assert cli.run(line) in (0, 1, 2)
    # A progress line goes back to its beginning and clears itself: that is ours.
    said = (terminal.text() + errors.text()).replace("\r\x1b[K", "")
    if line[0] == "logs":
        # Colours, and a line that is written over, are what programs print for people to see.
        said = re.sub(r"\x1b\[[0-9;:]*m|\r", "", said)
    assert said
    assert not [sign for sign in said if not sign.isprintable() and sign not in "\n\t"]


class Person(io.StringIO):
    def isatty(self) -> bool:
        return True
