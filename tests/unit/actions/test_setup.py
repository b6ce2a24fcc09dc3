"""Setting a machine up, on an engine in memory and a host that keeps count."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from sessiontui.actions.launch import distribution_base
from sessiontui.actions.ports import Ports
from sessiontui.actions.setup import doctor, first_choice, set_up
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.environment import App, Environment, FoundImage, Version
from sessiontui.domain.errors import EngineDenied, HostError, ImageUnavailable
from sessiontui.domain.gpu import Gpu
from sessiontui.domain.gpu_toolkit import CONFIGURE, INSTALL, NO_WAY, remedy
from sessiontui.domain.picture import EngineFacts
from sessiontui.domain.resources import Capacity
from sessiontui.domain.session import Owner
from sessiontui.engine.memory import MemoryEngine
from sessiontui.host.port import (
    ENGINE_ANSWERS,
    ENGINE_INSTALLED,
    ENGINE_PERMITTED,
    TOOLKIT,
    BuildSettings,
    Check,
    Say,
)
from sessiontui.metering.scripted import ScriptedMeter
from sessiontui.metering.scripted_gpus import ScriptedGpus
from sessiontui.storage.directories import Directories
from sessiontui.storage.memory_records import MemoryRecords

ALICE = Owner("alice", 1000, 1000)
ROOT = Owner("root", 0, 0)
BASES = {"3.12": "python:3.12-slim", "3.11": "python:3.11-slim"}
PYTHON = Environment(
    "python",
    "Python",
    (
        Version("3.12", "sessiontui/python:3.12", BASES["3.12"], ("ubuntu-noble",)),
        Version("3.11", "sessiontui/python:3.11", BASES["3.11"], ("debian-bookworm",)),
    ),
    "3.12",
    recipe="python",
)


class OneEnvironment:
    """A catalogue of Python alone."""

    def environments(self) -> tuple[Environment, ...]:
        return (PYTHON,)

    def other_apps(self) -> tuple[App, ...]:
        return ()

    def found(self, images: Iterable[FoundImage]) -> tuple[Environment, ...]:
        return ()

    def recipe(self, environment: Environment) -> Mapping[str, bytes]:
        return {"Dockerfile": b"FROM x"}

    def fingerprint(self, environment: Environment) -> str:
        return "f1"


@dataclass
class CountingHost:
    """A machine whose engine can be installed and started; it notes what was done to it."""

    who: Owner = ROOT
    made_here: tuple[str, ...] = ("debian-bookworm",)
    installed: bool = False
    running: bool = False
    engine: MemoryEngine = field(default_factory=MemoryEngine)
    named: bool = False
    denied: bool = False
    nvidia: bool = False
    done: list[str] = field(default_factory=list)

    def ports(self) -> Ports:
        """What ``ports_for`` gives: ports, whose engine may answer or not."""
        if self.denied:
            raise EngineDenied("this user may not open the engine's socket")
        self.engine.down = not self.running
        meter = ScriptedMeter(lambda: 0.0)
        storage = Directories(Path("/nowhere"), self.who)
        return Ports(
            self.engine,
            meter,
            meter,
            storage,
            OneEnvironment(),
            self,
            self.who,
            MemoryRecords(),
        )

    def owner(self) -> Owner:
        return self.who

    def distributions(self) -> tuple[str, ...]:
        return self.made_here

    def bootstrap(
        self, distribution: str, say: Say, cancellation: Cancellation
    ) -> contextlib.AbstractContextManager[io.BytesIO]:
        self.done.append(f"bootstrap {distribution}")
        return contextlib.nullcontext(io.BytesIO(b"tar"))

    def build_settings(self) -> BuildSettings:
        return BuildSettings()

    def checks(self) -> tuple[Check, ...]:
        state = Check(ENGINE_INSTALLED, "ok" if self.installed else "missing", "dockerd")
        if self.named:
            state = Check(ENGINE_INSTALLED, "unknown", "DOCKER_HOST names an engine elsewhere")
        answers = Check(ENGINE_ANSWERS, "ok" if self.running else "missing", "tried", ("unset DOCKER_HOST",))
        if self.denied:
            remedy = ("sudo usermod -aG docker alice", "newgrp docker")
            return state, Check(ENGINE_PERMITTED, "missing", "alice may not", remedy)
        toolkit = (Check(TOOLKIT, "ok", "/usr/bin/nvidia-ctk"),) if self.nvidia else ()
        return state, answers, *toolkit

    def install(self, packages: Sequence[str], say: Say) -> None:
        if self.who.uid != 0:
            raise HostError("installing docker.io needs root", "  sudo apt-get install -y docker.io")
        self.done.append(f"install {' '.join(packages)}")
        self.installed = True

    def start_engine(self, say: Say) -> None:
        self.done.append("start")
        self.running = True


class Person:
    """Answers questions, and hears what is said."""

    def __init__(self, *answers: bool) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.heard: list[str] = []

    def ask(self, question: str) -> bool:
        self.asked.append(question)
        return self.answers.pop(0)

    def set_up(self, host: CountingHost, *, yes: bool = False) -> Ports:
        return set_up(host.ports, host, yes=yes, ask=self.ask, say=self.heard.append)


def test_bare_machine_gets_an_engine_and_the_image_and_is_asked_for_each() -> None:
    host, person = CountingHost(), Person(True, True)
    ports = person.set_up(host)
    assert host.done == ["install docker.io", "start"]
    assert len(person.asked) == 2
    assert "Install Docker Engine" in person.asked[0]
    assert ports.engine.has_image("sessiontui/python:3.12", "f1")
    assert person.heard[-1] == "Python 3.12: ready"


def test_yes_asks_nothing_and_a_second_time_changes_nothing() -> None:
    host = CountingHost()
    Person().set_up(host, yes=True)
    done, images = list(host.done), host.engine.images()
    again = Person()
    again.set_up(host)
    assert (host.done, host.engine.images()) == (done, images)
    assert again.heard[-1] == "Python 3.12: the image is here already"


def test_image_of_another_recipe_is_told_from_one_that_is_not_here() -> None:
    host, said = CountingHost(installed=True, running=True), list[str]()
    host.engine = MemoryEngine(images=(PYTHON.versions[0].image,))
    host.engine._images[PYTHON.versions[0].image] = "f0"
    assert doctor(host.ports, host, said.append)
    assert "? Image of Python 3.12: made by another recipe than this program's" in said[-2]
    person = Person(True)
    ports = person.set_up(host)
    assert any("of Python 3.12 here was made by another recipe" in line for line in person.heard)
    assert "the next launch is quick" in person.asked[0]
    assert ports.engine.has_image("sessiontui/python:3.12", "f1")


def test_installed_engine_is_only_started() -> None:
    host = CountingHost(installed=True)
    Person().set_up(host, yes=True)
    assert host.done == ["start"]


def test_running_engine_is_left_alone() -> None:
    host = CountingHost(installed=True, running=True)
    Person().set_up(host, yes=True)
    assert host.done == []


def test_who_declines_the_engine_is_told_what_it_means() -> None:
    host, person = CountingHost(), Person(False)
    with pytest.raises(HostError, match="sessions need a container engine"):
        person.set_up(host)
    assert host.done == []


def test_who_declines_the_image_still_has_an_engine() -> None:
    host, person = CountingHost(installed=True, running=True), Person(False)
    person.set_up(host)
    assert host.engine.images() == frozenset()
    assert "will be prepared by its first launch" in person.heard[-1]


def test_without_root_the_administrators_commands_come_back() -> None:
    with pytest.raises(HostError, match="needs root") as caught:
        Person().set_up(CountingHost(who=ALICE), yes=True)
    assert "sudo apt-get install -y docker.io" in caught.value.hint


def test_caller_of_sudo_is_told_that_they_join_the_group() -> None:
    host, person = CountingHost(who=ALICE), Person(False)
    with pytest.raises(HostError):
        person.set_up(host)
    assert "let alice use it (group docker, as powerful as root)" in person.asked[0]


def test_socket_that_may_not_be_opened_is_no_reason_to_install() -> None:
    host = CountingHost(installed=True, running=True, denied=True)
    with pytest.raises(HostError, match="alice may not") as caught:
        Person().set_up(host, yes=True)
    assert host.done == []
    assert caught.value.hint.splitlines() == [
        "an administrator runs:",
        "  sudo usermod -aG docker alice",
        "then log in again, or run:",
        "  newgrp docker",
    ]


def test_engine_named_elsewhere_that_does_not_answer_is_no_reason_to_install() -> None:
    host = CountingHost(named=True)
    with pytest.raises(HostError, match="answer") as caught:
        Person().set_up(host, yes=True)
    assert host.done == []
    assert "unset DOCKER_HOST" in caught.value.hint


def test_without_a_registry_the_version_this_machine_can_make_is_prepared() -> None:
    host = CountingHost(installed=True, running=True)
    host.engine.unavailable |= set(BASES.values())
    person = Person()
    ports = person.set_up(host, yes=True)
    assert host.done == ["bootstrap debian-bookworm"]
    assert ports.engine.has_image("sessiontui/python:3.11", "f1")
    assert first_choice(ports) == (PYTHON, PYTHON.versions[1])
    assert any("Python 3.11 instead" in line for line in person.heard)

    again = Person()
    again.set_up(host)
    assert host.done == ["bootstrap debian-bookworm"]
    assert again.heard[-1] == "Python 3.11: the image is here already"


def test_default_version_is_made_from_packages_where_they_give_it() -> None:
    host = CountingHost(installed=True, running=True, made_here=("ubuntu-noble",))
    host.engine.unavailable |= set(BASES.values())
    ports = Person().set_up(host, yes=True)
    assert ports.engine.has_image("sessiontui/python:3.12", "f1")
    assert ports.engine.has_image(distribution_base("ubuntu-noble"))


def test_machine_that_can_make_none_says_what_would_help() -> None:
    host = CountingHost(installed=True, running=True, made_here=())
    host.engine.unavailable |= set(BASES.values())
    with pytest.raises(ImageUnavailable) as caught:
        Person().set_up(host, yes=True)
    assert "docker load" in caught.value.hint


def test_registry_that_answers_no_is_not_worked_around() -> None:
    host = CountingHost(installed=True, running=True)
    host.engine.failing["pull"] = ImageUnavailable("denied", "log in: docker login")
    with pytest.raises(ImageUnavailable, match="denied"):
        Person().set_up(host, yes=True)
    assert host.done == []


def test_first_choice_is_what_is_here() -> None:
    host = CountingHost(installed=True, running=True)
    assert first_choice(host.ports())[1].name == "3.12"
    host.engine = MemoryEngine(images=(distribution_base("debian-bookworm"),))
    assert first_choice(host.ports())[1].name == "3.11"
    host.engine = MemoryEngine(images=(distribution_base("debian-bookworm"), BASES["3.12"]))
    assert first_choice(host.ports())[1].name == "3.12"


def test_progress_is_said_in_a_few_lines() -> None:
    host, person = CountingHost(installed=True, running=True), Person()
    person.set_up(host, yes=True)
    pulling = [line for line in person.heard if line.startswith("  pulling")]
    building = [line for line in person.heard if line.startswith("  building")]
    assert 2 <= len(pulling) <= 11
    assert 2 <= len(building) <= 9


def test_doctor_says_everything_and_acts_on_nothing() -> None:
    host, said = CountingHost(), list[str]()
    assert not doctor(host.ports, host, said.append)
    assert host.done == []
    assert said[0] == f"✗ {ENGINE_INSTALLED}: dockerd"
    assert "    unset DOCKER_HOST" in said
    assert not any(line.startswith("✗ Engine:") for line in said), "it is said once"


def test_doctor_tells_what_only_a_connection_shows() -> None:
    host, said = CountingHost(installed=True, running=True), list[str]()

    def ports() -> Ports:
        found = host.ports()
        host.engine.down = True
        return found

    assert not doctor(ports, host, said.append)
    assert any(line.startswith("✗ Engine: ") for line in said)


def test_doctor_is_content_with_a_machine_that_was_set_up() -> None:
    host = CountingHost()
    Person().set_up(host, yes=True)
    said: list[str] = []
    assert doctor(host.ports, host, said.append)
    assert "✓ Image of Python 3.12: sessiontui/python:3.12" in said


class WithoutToolkit(MemoryEngine):
    """An engine that can give no GPU."""

    def capacity(self, devices: Sequence[Gpu] = (), *, glance: bool = False) -> Capacity:
        room = super().capacity(devices, glance=glance)
        return replace(room, gpu_trouble=NO_WAY, gpu_remedy=remedy(INSTALL, CONFIGURE)) if devices else room

    def facts(self) -> EngineFacts:
        return replace(super().facts(), gpu_way=None)


def test_doctor_tells_whether_the_engine_itself_can_give_the_gpus_that_are_here() -> None:
    host = CountingHost(installed=True, running=True)
    devices = (Gpu("GPU-a", 0, "H100"), Gpu("GPU-b", 1, "H100", divided=True), Gpu("MIG-c", 1, "H100 1g"))

    def told(*gpus: Gpu) -> list[str]:
        said: list[str] = []
        well = doctor(lambda: replace(host.ports(), gpus=ScriptedGpus(gpus)), host, said.append)
        lines = [line for line in said if "GPUs" in line or line.startswith("    sudo ")]
        assert well == (not any(line.startswith("✗") for line in lines))
        return lines

    assert told() == []
    assert told(*devices) == ["✓ GPUs for sessions: 2, given by device requests"]
    host.engine = WithoutToolkit()
    lacking = [f"✗ GPUs for sessions: {NO_WAY}", f"    {INSTALL}", f"    {CONFIGURE}"]
    assert told(*devices) == lacking
    # Where there is the device and no driver that tells of it.
    host.nvidia = True
    assert told()[: len(lacking)] == lacking
