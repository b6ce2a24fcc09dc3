"""Pulling from a real registry: progress, cancel, and the difference between *no* and *nobody there*."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress

import pytest

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import Cancelled, ImageUnavailable
from sessiontui.domain.launch import Progress
from sessiontui.engine.docker import DockerEngine
from sessiontui.engine.port import Build
from tests.contract.conftest import ignore
from tests.contract.packages import unpacked
from tests.real import real_engine

pytestmark = pytest.mark.beside

LAYERS, LAYER = 4, 15_000_000
NAME = "sessiontui-test/layers:1"
LABEL = "sessiontui-test.layers"


class SlowLine:
    """Carries connections to a port at a fixed rate, so that a pull takes a moment."""

    def __init__(self, port: int, rate: float) -> None:
        self._target = port
        self._rate = rate
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(65536):
                target.sendall(chunk)
                time.sleep(len(chunk) / self._rate)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def engine() -> Iterator[DockerEngine]:
    engine = real_engine()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, engine: DockerEngine) -> Iterator[int]:
    """The port of a registry that holds one image of several layers."""
    directory = tmp_path_factory.mktemp("registry")
    port, program = free_port(), unpacked("docker-registry", "docker-registry", directory)
    settings = directory / "config.yml"
    settings.write_text(
        f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {directory}/data}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}'}}\n"
    )
    with subprocess.Popen(
        [program, "serve", settings], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            wait_for(port)
            client, image = engine._link.client, f"127.0.0.1:{port}/{NAME}"
            files = {f"layer{number}": os.urandom(LAYER) for number in range(LAYERS)}
            recipe = f"FROM scratch\nLABEL {LABEL}=1\n" + "".join(f"COPY {name} /\n" for name in files)
            engine.build(Build(image, {"Dockerfile": recipe.encode(), **files}), ignore, Cancellation())
            pushed = list(client.push(image, stream=True, decode=True))
            client.remove_image(image, force=True)
            assert not [message for message in pushed if "error" in message]
            yield port
        finally:
            server.terminate()


def wait_for(port: int) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/", timeout=1).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
        else:
            return
    pytest.fail("the registry does not answer")


@pytest.fixture
def slow(registry: int) -> Iterator[str]:
    """The image's name over a slow line."""
    line = SlowLine(registry, 40e6)
    yield f"127.0.0.1:{line.port}/{NAME}"
    line.close()


def test_a_pull_is_one_bar_with_bytes_and_rate(engine: DockerEngine, slow: str) -> None:
    seen: list[Progress] = []
    engine.pull(slow, seen.append, Cancellation())
    engine._link.client.remove_image(slow, force=True)
    total = f"/{LAYERS * LAYER / 1e6:.1f} MB"
    assert any(total in one.text and one.text.endswith("MB/s") for one in seen)
    fractions = [one.fraction for one in seen if one.fraction is not None]
    assert fractions == sorted(fractions)
    assert len(set(fractions)) > 5
    assert fractions[-1] == 1.0
    assert seen[-1].text.startswith(f"layer {LAYERS}/{LAYERS}")


def test_a_pull_cancelled_half_way_leaves_no_image(engine: DockerEngine, slow: str) -> None:
    cancellation = Cancellation()

    def report(progress: Progress) -> None:
        if (progress.fraction or 0) > 0.2:
            cancellation.request()

    def there() -> set[str]:
        found = engine._link.client.images(all=True, filters={"label": LABEL})
        return {image["Id"] for image in found}

    before = there()
    with pytest.raises(Cancelled):
        engine.pull(slow, report, cancellation)
    assert not engine.has_image(slow)
    assert there() <= before


def test_what_the_registry_does_not_have_is_its_no(engine: DockerEngine, registry: int) -> None:
    for name in ("sessiontui-test/layers:none", "sessiontui-test/none:1"):
        with pytest.raises(ImageUnavailable, match="the registry does not give") as caught:
            engine.pull(f"127.0.0.1:{registry}/{name}", ignore, Cancellation())
        assert not caught.value.out_of_reach


def test_a_registry_that_is_not_there_is_out_of_reach(engine: DockerEngine) -> None:
    with pytest.raises(ImageUnavailable, match="no registry answers") as caught:
        engine.pull(f"127.0.0.1:{free_port()}/{NAME}", ignore, Cancellation())
    assert caught.value.out_of_reach


def test_a_wait_for_a_silent_registry_is_cancelled_at_once(engine: DockerEngine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        cancellation = Cancellation()
        threading.Timer(0.3, cancellation.request).start()
        began = time.monotonic()
        with pytest.raises(Cancelled):
            engine.pull(f"127.0.0.1:{silent.getsockname()[1]}/{NAME}", ignore, cancellation)
        assert time.monotonic() - began < 5
