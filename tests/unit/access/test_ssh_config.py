"""The line in ``~/.ssh/config``: added at the top, taken away again, nothing else touched."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessiontui.access.keys import KeyFiles
from sessiontui.access.ssh_blocks import Host
from sessiontui.access.ssh_config import SshConfig
from sessiontui.domain.errors import StorageError
from sessiontui.domain.session import Owner


@pytest.fixture
def config(tmp_path: Path) -> SshConfig:
    return SshConfig(tmp_path, tmp_path / "state" / "ssh_config")


def host(directory: Path) -> Host:
    return Host("nifty-bohr", 22001, KeyFiles(directory / "key", directory / "known", "alias"))


FILES = [
    b"", b"Host *\n  User zoe", b"Host a\r\n  User b\r\n", b"\xff\xfe not text \x00\n\n\n",
    b"# sessiontui\nInclude other\n", b"\n", b"Include ~/.ssh/more\nHost x\n",
]  # fmt: skip


@pytest.mark.parametrize("content", FILES)
def test_adding_and_removing_leaves_every_byte(config: SshConfig, content: bytes) -> None:
    config.path.parent.mkdir()
    config.path.write_bytes(content)
    config.path.chmod(0o640)
    assert not config.installed()
    assert config.install()
    assert config.installed()
    assert config.path.read_bytes().endswith(content)
    assert config.path.read_bytes().splitlines()[1] == config.line.encode()
    assert not config.install()
    assert stat.S_IMODE(config.path.stat().st_mode) == 0o640
    assert config.remove()
    assert not config.remove()
    assert config.path.read_bytes() == content
    assert stat.S_IMODE(config.path.stat().st_mode) == 0o640
    assert [path.name for path in config.path.parent.iterdir()] == ["config"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary())
def test_any_bytes_come_back(config: SshConfig, content: bytes) -> None:
    config.path.parent.mkdir(exist_ok=True)
    config.path.write_bytes(content)
    if config.install():
        assert config.remove()
    assert config.path.read_bytes() == content


def test_what_was_made_for_it_goes_with_it(config: SshConfig) -> None:
    config.install()
    modes = [path.stat().st_mode & 0o777 for path in (config.path.parent, config.path)]
    assert modes == [0o700, 0o600]
    assert config.remove()
    assert not config.path.exists()


def test_what_was_added_since_to_a_file_of_ours_stays(config: SshConfig) -> None:
    config.install()
    with config.path.open("a") as file:
        file.write("Host later\n")
    config.remove()
    assert config.path.read_text() == "Host later\n"


def test_a_link_to_dotfiles_stays_one(config: SshConfig, tmp_path: Path) -> None:
    dotfiles = tmp_path / "dotfiles"
    dotfiles.mkdir()
    (dotfiles / "ssh").write_text("Host *\n")
    config.path.parent.mkdir()
    config.path.symlink_to("../dotfiles/ssh")
    config.install()
    assert config.path.readlink() == Path("../dotfiles/ssh")
    assert config.line in (dotfiles / "ssh").read_text()
    config.remove()
    assert (dotfiles / "ssh").read_text() == "Host *\n"


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("Include {}\n", True),
        ('  include\t"{}"\n', True),
        ("Include=other {}\nHost *\n", True),
        ("Include ~/state/ssh_config\n", True),
        ("Include ../state/ssh_config\n", False),
        ("# Include {}\n", False),
        ("Host *\n  Include {}\n", False),
        ("Match all\nInclude {}\n", False),
    ],
)
def test_a_line_by_hand_counts_where_ssh_heeds_it_for_all_hosts(
    config: SshConfig, tmp_path: Path, text: str, there: bool
) -> None:
    config.path.parent.mkdir()
    config.path.write_text(text.format(tmp_path / "state" / "ssh_config"))
    assert config.installed() == there


def test_a_line_of_ours_that_was_moved_below_a_host_is_put_back(config: SshConfig) -> None:
    config.install()
    ours = config.path.read_text()
    config.path.write_text(f"Host *\n{ours}")
    assert config.install()
    assert config.path.read_text().count(config.line) == 1
    assert config.path.read_text().endswith("Host *\n")


def test_blocks_are_private_and_replace_a_link(config: SshConfig, tmp_path: Path) -> None:
    block = tmp_path / "state" / "ssh_config"
    block.parent.mkdir()
    (tmp_path / "target").write_text("precious")
    block.symlink_to(tmp_path / "target")
    config.write([host(tmp_path)])
    assert (tmp_path / "target").read_text() == "precious"
    assert "Host st-nifty-bohr\n" in block.read_text()
    assert block.stat().st_mode & 0o777 == 0o600
    before = block.stat().st_ino
    config.write([host(tmp_path)])
    assert block.stat().st_ino == before


@pytest.mark.parametrize("name", ["50%", "a$HOME", 'quo"te', "back\\slash", "st*r", "line\nbreak"])
def test_a_path_that_ssh_would_read_as_something_else_is_refused(tmp_path: Path, name: str) -> None:
    config = SshConfig(tmp_path, tmp_path / name / "ssh_config")
    with pytest.raises(StorageError, match="cannot be written"):
        config.install()
    with pytest.raises(StorageError, match="cannot be written"):
        config.write([host(tmp_path / name)])
    assert not config.path.exists()


def test_what_cannot_be_written_is_told_with_the_line_and_left_as_it_is(config: SshConfig) -> None:
    config.path.mkdir(parents=True)
    with pytest.raises(StorageError) as caught:
        config.install()
    assert config.line in caught.value.hint


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for another user")
def test_under_sudo_a_link_to_a_file_of_root_is_not_written_through(tmp_path: Path) -> None:
    for path in (tmp_path, *tmp_path.parents[:-2]):
        path.chmod(path.stat().st_mode | 0o011)
    roots = tmp_path / "roots"
    roots.write_text("root's\n")
    roots.chmod(0o644)
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "config").symlink_to(roots)
    for path in (home, home / ".ssh"):
        os.chown(path, 65534, 65534)
    config = SshConfig(home, home / "ssh_config", Owner("nobody", 65534, 65534))
    with pytest.raises(StorageError, match="Permission denied"):
        config.install()
    assert roots.read_text() == "root's\n"
