"""Every engine behind the port, in turn."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.environment import App
from sessiontui.domain.errors import SessiontuiError
from sessiontui.domain.folder import Folder, Mount
from sessiontui.domain.launch import Order, Progress
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner, Session
from sessiontui.domain.units import MIB
from sessiontui.engine.memory import MemoryEngine
from sessiontui.engine.port import Engine
from tests.real import linked, prepared_environment, real_engine

HTTP = App("http", "Files", "http", 8000, "/", "exec python3 -m http.server 8000", secret=True, needs="true")
BROKEN = App("broken", "Broken", "http", 8001, "/", "false", secret=True, needs="true")
ABSENT = App("absent", "Absent", "http", 8002, "/", "true", needs="command -v no-such-program")


@dataclass
class Bench:
    """An engine to try, with what makes orders for it; whatever was launched is deleted at the end."""

    engine: Engine
    image: str
    tmp_path: Path
    real: bool
    ids: list[str] = field(default_factory=list)

    def order(self, name: str = "", **changes: object) -> Order:
        """An order of its own id and name."""
        session_id = secrets.token_hex(6)
        self.ids.append(session_id)
        values: dict[str, object] = {
            "id": session_id,
            "name": name or f"contract-{session_id}",
            "owner": Owner("tester", os.getuid() or 1000, os.getgid() or 1000),
            "environment": "python",
            "version": "1",
            "image": self.image,
            "ask": Ask(0.5, 256 * MIB),
            "apps": (HTTP, BROKEN),
            "env": (("COLOUR", "deep blue"),),
        }
        return Order(**{**values, **changes})  # type: ignore[arg-type]

    def launch(self, order: Order) -> Session:
        """Launch and forget the progress."""
        return self.engine.launch(order, ignore, Cancellation())

    def remove_images(self, *names: str) -> None:
        """Remove images that a test made."""
        if self.real:
            with linked() as link:
                for name in names:
                    link.client.remove_image(name, force=True)

    def mount(self, name: str, *, read_only: bool = False) -> Mount:
        """A folder of the host."""
        path = self.tmp_path / name
        path.mkdir()
        path.chmod(0o777)
        return Mount.of(Folder(name, str(path)), read_only=read_only)


def ignore(progress: Progress) -> None:
    """A report nobody reads."""


@pytest.fixture(params=["memory", "docker"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """One engine after the other."""
    if request.param == "memory":
        memory = MemoryEngine(images=("an/image:1",))
        yield Bench(memory, "an/image:1", tmp_path, real=False)
        memory.close()
        return
    engine = real_engine()
    bench = Bench(engine, prepared_environment(engine)[1].image, tmp_path, real=True)
    yield bench
    for session in engine.sessions():
        if session.id in bench.ids:
            engine.delete(session)
    engine.close()


@pytest.fixture
def docker_bench(tmp_path: Path) -> Iterator[Bench]:
    """The real engine alone, for promises that only its own objects can show."""
    engine = real_engine()
    bench = Bench(engine, prepared_environment(engine)[1].image, tmp_path, real=True)
    yield bench
    for session in engine.sessions():
        if session.id in bench.ids:
            try:
                engine.delete(session)
            except SessiontuiError as error:
                pytest.fail(f"left over: {session.name}: {error.message}")
    engine.close()
