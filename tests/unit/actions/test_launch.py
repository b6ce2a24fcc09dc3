"""Launching: the image is seen to first, by whatever way there is."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest

from sessiontui.actions.launch import Launcher, distribution_base, ready_images, refused_fields
from sessiontui.actions.ports import Ports
from sessiontui.catalogue.files import FileCatalogue
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import BuildFailed, Cancelled, EngineError, ImageUnavailable, Problem, Refused
from sessiontui.domain.folder import MountChoice
from sessiontui.domain.launch import Draft, Progress, Step
from sessiontui.domain.session import Owner, Phase
from sessiontui.engine.memory import MemoryEngine
from sessiontui.engine.port import Build, Report
from sessiontui.host.port import BuildSettings, Check, Say
from sessiontui.metering.scripted import ScriptedMeter
from sessiontui.storage.directories import Directories
from sessiontui.storage.memory_records import MemoryRecords

OWNER = Owner("alice", 1000, 1000)


class PaperHost:
    """A machine that can make Debian bookworm's root file system, of paper."""

    def __init__(self, distributions: tuple[str, ...] = ("debian-bookworm",)) -> None:
        self._distributions = distributions
        self.bootstrapped: list[str] = []

    def owner(self) -> Owner:
        return OWNER

    def distributions(self) -> tuple[str, ...]:
        return self._distributions

    @contextmanager
    def bootstrap(self, distribution: str, say: Say, cancellation: Cancellation) -> Iterator[BinaryIO]:
        self.bootstrapped.append(distribution)
        say("unpacking")
        yield io.BytesIO(b"a root file system")

    def build_settings(self) -> BuildSettings:
        return BuildSettings(b"a certificate", "[global]\nindex-url = x\n", {"HTTP_PROXY": "p"})

    def checks(self) -> tuple[Check, ...]:
        return ()

    def install(self, packages: Sequence[str], say: Say) -> None:
        raise AssertionError("a launch installs nothing")

    def start_engine(self, say: Say) -> None:
        raise AssertionError("a launch starts no engine")


class NotingEngine(MemoryEngine):
    """Keeps what it was asked to build."""

    def __init__(self, *, images: Sequence[str] = ()) -> None:
        super().__init__(images=images)
        self.builds: list[Build] = []

    def build(self, build: Build, report: Report, cancellation: Cancellation) -> None:
        self.builds.append(build)
        super().build(build, report, cancellation)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., tuple[Launcher, NotingEngine, PaperHost]]:
    def build(
        images: Sequence[str] = (), host: PaperHost | None = None
    ) -> tuple[Launcher, NotingEngine, PaperHost]:
        engine, host = NotingEngine(images=images), host or PaperHost()
        meter = ScriptedMeter(lambda: 0.0)
        ports = Ports(
            engine,
            meter,
            meter,
            Directories(tmp_path / "folders", OWNER),
            FileCatalogue(),
            host,
            OWNER,
            MemoryRecords(),
        )
        return Launcher(ports), engine, host

    return build


Make = Callable[..., tuple[Launcher, NotingEngine, PaperHost]]
PYTHON = Draft(environment="python", version="3.11", name="nifty-bohr")
BASE = "docker.io/library/python:3.11-slim-bookworm"


def ignore(progress: Progress) -> None:
    """A report nobody reads."""


def test_a_base_that_is_here_is_built_on_with_the_machines_settings(make: Make) -> None:
    launcher, engine, host = make([BASE])
    session = launcher.launch(launcher.order(PYTHON), ignore, Cancellation())
    (build,) = engine.builds
    assert build.arguments == {"BASE": BASE, "HTTP_PROXY": "p"}
    assert build.context["build/ca-certificates.crt"] == b"a certificate"
    assert build.context["build/pip.conf"].startswith(b"[global]")
    assert not host.bootstrapped
    assert (session.phase, session.image) == (Phase.RUNNING, "sessiontui/python:3.11")


def test_an_image_that_is_built_is_not_built_again_until_its_recipe_changes(make: Make) -> None:
    launcher, engine, _ = make([BASE])
    launcher.launch(launcher.order(PYTHON), ignore, Cancellation())
    launcher.launch(launcher.order(replace(PYTHON, name="second-one")), ignore, Cancellation())
    assert len(engine.builds) == 1
    engine._images["sessiontui/python:3.11"] = "an older recipe"
    launcher.launch(launcher.order(replace(PYTHON, name="third-one")), ignore, Cancellation())
    assert len(engine.builds) == 2


def test_without_a_registry_the_base_is_made_from_the_distributions_packages(make: Make) -> None:
    launcher, engine, host = make()
    engine.unavailable.add(BASE)
    steps: list[str] = []
    launcher.launch(launcher.order(PYTHON), lambda one: steps.append(one.text), Cancellation())
    assert host.bootstrapped == ["debian-bookworm"]
    assert engine.builds[0].arguments["BASE"] == distribution_base("debian-bookworm")
    assert any("no registry answers" in step for step in steps)


def test_a_base_made_before_is_used_again(make: Make) -> None:
    launcher, engine, host = make([distribution_base("debian-bookworm")])
    launcher.launch(launcher.order(PYTHON), ignore, Cancellation())
    assert not host.bootstrapped
    assert engine.builds[0].arguments["BASE"] == distribution_base("debian-bookworm")


def test_a_version_nobody_can_make_names_one_that_can_be_made(make: Make) -> None:
    launcher, engine, _ = make()
    order = launcher.order(replace(PYTHON, version="3.10"))
    engine.unavailable.add("docker.io/library/python:3.10-slim-bookworm")
    with pytest.raises(ImageUnavailable) as caught:
        launcher.launch(order, ignore, Cancellation())
    assert "python:3.11" in caught.value.hint
    assert not engine.sessions()


@pytest.mark.parametrize("step", ["pull", "build", "create", "start"])
def test_a_launch_that_fails_at_any_step_leaves_no_session(make: Make, step: str) -> None:
    launcher, engine, _ = make()
    engine.failing[step] = BuildFailed("it broke", "mend it") if step == "build" else EngineError("it broke")
    with pytest.raises(EngineError, match="it broke"):
        launcher.launch(launcher.order(PYTHON), ignore, Cancellation())
    assert not engine.sessions()


@pytest.mark.parametrize("step", [Step.PULLING, Step.BUILDING, Step.CREATING, Step.STARTING])
def test_a_launch_can_be_cancelled_at_every_step(make: Make, step: Step) -> None:
    launcher, engine, _ = make()
    cancellation = Cancellation()

    def report(progress: Progress) -> None:
        if progress.step is step:
            cancellation.request()

    with pytest.raises(Cancelled):
        launcher.launch(launcher.order(PYTHON), report, cancellation)
    assert not engine.sessions()


def test_of_two_launches_of_one_image_one_builds_and_the_other_waits(make: Make) -> None:
    launcher, engine, _ = make([BASE])
    begun, go = threading.Event(), threading.Event()
    first, second = launcher.order(PYTHON), launcher.order(replace(PYTHON, name="second-one"))
    waits: list[str] = []

    def slow(progress: Progress) -> None:
        if progress.step is Step.BUILDING:
            begun.set()
            go.wait(10)

    def wait(progress: Progress) -> None:
        if "waiting" in progress.text:
            waits.append(progress.text)
            go.set()

    threads = [
        threading.Thread(target=launcher.launch, args=(first, slow, Cancellation())),
        threading.Thread(target=launcher.launch, args=(second, wait, Cancellation())),
    ]
    threads[0].start()
    assert begun.wait(10)
    threads[1].start()
    for thread in threads:
        thread.join(10)
    assert waits
    assert len(engine.builds) == 1
    assert {session.name for session in engine.sessions()} == {"nifty-bohr", "second-one"}


def test_a_name_is_checked_and_suggested_by_the_list_alone(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher, engine, _ = make([BASE])
    launcher.launch(launcher.order(PYTHON), ignore, Cancellation())
    listed = engine.sessions()

    def stuck(engine: MemoryEngine) -> None:
        raise EngineError("one of the containers does not answer")

    monkeypatch.setattr(NotingEngine, "sessions", stuck)
    monkeypatch.setattr(NotingEngine, "glance", lambda engine: listed)
    assert launcher.suggest_name() != PYTHON.name
    with pytest.raises(Refused) as refused:
        launcher.order(PYTHON)
    assert [one.field for one in refused.value.problems] == ["name"]
    assert launcher.order(replace(PYTHON, name="second-one")).name == "second-one"


def test_all_problems_of_a_draft_come_at_once(make: Make) -> None:
    launcher, _, _ = make()
    draft = Draft(
        environment="pyton", name="x", memory=10**15, cpu=10**6, mounts=(MountChoice("gone", False),), gpu=1
    )
    with pytest.raises(Refused) as caught:
        launcher.order(draft)
    assert set(refused_fields(caught.value)) == {"environment", "name", "memory", "cpu", "mounts", "gpu"}


def test_several_problems_of_one_field_are_joined() -> None:
    error = Refused([Problem("env", "one"), Problem("env", "two"), Problem("name", "three")])
    assert refused_fields(error) == {"env": "one; two", "name": "three"}


def test_a_base_made_before_serves_also_who_could_not_make_it(make: Make) -> None:
    launcher, engine, _ = make([distribution_base("debian-bookworm")], PaperHost(()))
    engine.unavailable.add(BASE)
    launcher.launch(launcher.order(PYTHON), ignore, Cancellation())
    assert engine.builds[0].arguments["BASE"] == distribution_base("debian-bookworm")


def test_without_a_version_the_one_that_is_prepared_is_taken(make: Make) -> None:
    launcher, engine, _ = make([distribution_base("debian-bookworm")])
    unsaid = replace(PYTHON, version="")
    assert launcher.order(unsaid).version == "3.11"
    engine._images["docker.io/library/python:3.12-slim-bookworm"] = ""
    assert launcher.order(unsaid).version == "3.12"


def test_an_image_of_an_older_recipe_is_not_ready(make: Make) -> None:
    launcher, engine, _ = make([BASE])
    launcher.launch(launcher.order(PYTHON), ignore, Cancellation())
    assert "sessiontui/python:3.11" in ready_images(launcher._ports)
    engine._images["sessiontui/python:3.11"] = "an older recipe"
    assert ready_images(launcher._ports) == {BASE}


def test_what_could_not_be_read_is_refused_with_the_rest(make: Make) -> None:
    launcher, _, _ = make([BASE])
    misread = (Problem("ports", "'x' is not a port"),)
    with pytest.raises(Refused) as caught:
        launcher.order(replace(PYTHON, name="x", ports=(80,)), misread=misread)
    assert [one.field for one in caught.value.problems] == ["name", "ports", "ports"]
    with pytest.raises(Refused) as caught:
        launcher.order(PYTHON, misread=misread)
    assert caught.value.problems == misread
