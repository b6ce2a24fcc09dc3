"""``sessiontui setup`` where everything is set up: counted on an engine that nobody else uses meanwhile."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import docker


def test_setup_run_again_changes_nothing(sessiontui: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    client = docker.APIClient(version="auto")
    before = {image["Id"] for image in client.images(all=True)}
    again = sessiontui("setup", "--yes")
    assert again.returncode == 0, again.stderr
    assert "already" in again.stdout
    assert {image["Id"] for image in client.images(all=True)} == before
    client.close()
    assert sessiontui("doctor").returncode == 0
