"""The look at a session's mounts, run by this machine's own shell."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sessiontui.domain.folder import Identity
from sessiontui.engine.docker_mounts import LOOK, parse_identities


def look(places: list[str], path: str) -> dict[str, Identity]:
    command = ["/bin/sh", "-c", LOOK, "look", *places]
    done = subprocess.run(command, env={"PATH": path}, capture_output=True, check=True)
    return parse_identities(places, done.stdout)


@pytest.fixture
def places(tmp_path: Path) -> list[str]:
    """A directory, one behind a link, a link, a file, and nothing."""
    (tmp_path / "plain/below").mkdir(parents=True)
    (tmp_path / "link").symlink_to("plain")
    (tmp_path / "file").write_text("")
    return [
        str(tmp_path / name) for name in ("plain", "link/below", "link", "file", "nothing", "plain/below")
    ]


def test_directories_are_told_by_device_and_inode_and_nothing_else_is(places: list[str]) -> None:
    seen = look(places, os.environ["PATH"])
    assert set(seen) == {places[0], places[5]}
    for place, identity in seen.items():
        status = Path(place).stat()
        assert identity == Identity(status.st_dev, status.st_ino)


def test_image_without_stat_tells_the_inode(places: list[str], tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ls").symlink_to(shutil.which("ls") or "")
    seen = look(places, str(tools))
    assert seen == {place: Identity(None, Path(place).stat().st_ino) for place in (places[0], places[5])}
    (tools / "ls").unlink()
    assert look(places, str(tools)) == {}, "without either nothing is told"


@pytest.mark.parametrize(
    "output", [b"", b"1 2\n", b"1 2\n3 4\n5 6\n", b"1 2\n\xff\x1b[31m\n", b"- -\n1 2 3\n"]
)
def test_what_says_something_else_is_not_believed(output: bytes) -> None:
    assert "/b" not in parse_identities(["/a", "/b"], output)


def test_device_that_is_not_told_is_no_difference() -> None:
    assert Identity(None, 7).matches(Identity(5, 7))
    assert not Identity(None, 7).matches(Identity(5, 8))
    assert not Identity(4, 7).matches(Identity(5, 7))
