"""A session becomes an environment and a session again, by the command line on a real engine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from contextlib import suppress

import pytest

from sessiontui.domain.errors import EngineError
from sessiontui.engine.docker import DockerEngine

pytestmark = pytest.mark.beside

SessionTui = Callable[..., subprocess.CompletedProcess[str]]


def test_save_launch_of_it_and_remove(sessiontui: SessionTui, engine: DockerEngine) -> None:
    name, image = "e2e-saved", ""
    small = ("--cpu", "1", "--memory", "600m")
    try:
        assert sessiontui("launch", "python", "--name", name, *small).returncode == 0
        written = "echo kept >/tmp/kept; echo lost >lost"
        assert sessiontui("shell", name, "--", "sh", "-c", written).returncode == 0
        refused = sessiontui("save", name, "no")
        assert refused.returncode == 1
        assert "4 to 32 letters" in refused.stderr
        saved = sessiontui("save", name, "e2e-torch")
        assert saved.returncode == 0, saved.stderr
        environment = saved.stdout.strip()
        again = sessiontui("save", name, "E2E_torch")
        assert again.returncode == 1
        assert "there is e2e-torch already" in again.stderr
        assert "add --force" in again.stderr
        assert "saving" not in again.stderr

        listed = json.loads(sessiontui("environments", "--json").stdout)
        (found,) = (one for one in listed if f"{one['name']}:{one['version']}" == environment)
        image = found["image"]
        assert found["group"] == "Yours"
        assert found["size"] > 0
        assert found["owner"] == environment.partition("/")[0]
        assert "jupyterlab" in found["apps"]

        assert sessiontui("rm", name, "--yes").returncode == 0
        assert sessiontui("launch", "e2e-torch", "--name", name, *small).returncode == 0
        assert sessiontui("shell", name, "--", "cat", "/tmp/kept").stdout == "kept\n"
        assert sessiontui("shell", name, "--", "cat", "lost").returncode != 0
        used = sessiontui("environments", "rm", environment, "--yes")
        assert used.returncode == 1
        assert f"is used by {found['owner']}/{name}" in used.stderr

        assert sessiontui("rm", name, "--yes").returncode == 0
        assert sessiontui("environments", "rm", environment).returncode == 1
        removed = sessiontui("environments", "rm", environment, "--yes")
        assert (removed.returncode, removed.stdout.strip()) == (0, environment)
        assert not engine.has_image(image)
        gone = sessiontui("launch", "e2e-torch", "--name", name)
        assert gone.returncode == 1
        assert "no environment 'e2e-torch'" in gone.stderr
    finally:
        sessiontui("rm", name, "--yes")
        with suppress(EngineError):
            engine.remove_image(image)
