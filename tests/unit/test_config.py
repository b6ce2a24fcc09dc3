"""The settings file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sessiontui.config import Settings, config_directory, load, state_directory
from sessiontui.domain.errors import ConfigError
from sessiontui.domain.resources import PRESETS, Ask, Preset
from sessiontui.domain.units import GIB


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """The environment of a user without any settings."""
    return {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}


def write(directory: Path, text: str) -> Path:
    file = directory / "config.toml"
    file.write_text(text)
    return file


def trouble(directory: Path, text: str) -> str:
    """What is said of a file that is wrong; its path is named in each line."""
    file = write(directory, text)
    with pytest.raises(ConfigError) as caught:
        load(file, {"HOME": str(directory)})
    assert all(line.startswith(f"{file}: ") for line in caught.value.message.splitlines())
    return caught.value.message


def test_without_a_file_everything_has_its_default(home: dict[str, str]) -> None:
    settings = load(None, home)
    assert settings == Settings(Path(home["HOME"]) / "sessiontui")
    assert (settings.interval, settings.clipboard, settings.presets) == (2.0, "auto", PRESETS)


def test_the_usual_file_is_found_and_every_key_is_read(home: dict[str, str]) -> None:
    directory = Path(home["XDG_CONFIG_HOME"]) / "sessiontui"
    directory.mkdir(parents=True)
    write(
        directory,
        """
        folder_root = "~/work"
        interval = 5
        ssh_destination = "alice@gpu-box"
        clipboard = "osc52"
        gpu_watchers = ["prometheus-*"]
        shell_in = "window"
        detach_keys = "ctrl-], ctrl-p,x"
        [[presets]]
        name = "tiny"
        cpu = 0.5
        memory = "1 GiB"
        [[presets]]
        name = "huge"
        cpu = 64
        memory = 1073741824
        gpu = 8
        [keys]
        delete = "ctrl+d"
        """,
    )
    settings = load(None, home)
    assert settings.folder_root == Path(home["HOME"]) / "work"
    assert settings.interval == 5.0
    assert settings.ssh_destination == "alice@gpu-box"
    assert settings.clipboard == "osc52"
    assert settings.gpu_watchers == ("prometheus-*",)
    assert settings.shell_in == "window"
    assert settings.detach_keys == "ctrl-],ctrl-p,x"
    assert settings.presets == (Preset("tiny", Ask(0.5, GIB)), Preset("huge", Ask(64, GIB, 8)))
    assert settings.keys == {"delete": "ctrl+d"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("intervall = 2", "intervall: unknown; did you mean interval?"),
        ("zzz = 2", "zzz: unknown; known are folder_root, interval"),
        ('interval = "2"', "interval: '2' is not a number"),
        ("interval = true", "interval: True is not a number"),
        ("interval = nan", "interval: nan is not a number"),
        ("interval = 0.5", "interval: 0.5 is below 1 second"),
        ("folder_root = 7", "folder_root: 7 is not a text"),
        ('folder_root = "work"', "folder_root: 'work' is not an absolute path"),
        ('ssh_destination = "-oProxyCommand=x"', "ssh_destination: '-oProxyCommand=x' is not written like"),
        ('clipboard = "osc"', "clipboard: unknown; did you mean osc52?"),
        ('shell_in = "windo"', "shell_in: unknown; did you mean window?"),
        ('detach_keys = "q"', "detach_keys: 'q' is for typing"),
        ("detach_keys = 1", "detach_keys: 1 is not a text"),
        ("clipboard = [1]", "clipboard: a list is not a text"),
        ('gpu_watchers = "dcgm"', "gpu_watchers: write it as a list"),
        ('gpu_watchers = ["dcgm", 1]', "gpu_watchers[2]: 1 is not a text"),
        ('presets = "small"', "presets: write each as a table under [[presets]]"),
        ('[[presets]]\nname = "a"\ncpu = 1', "presets[1]: memory is missing"),
        ('[[presets]]\nname = "a"\ncpu = 1\nmem = "1g"', "presets[1].mem: unknown"),
        ('[[presets]]\nname = "a"\ncpu = 0\nmemory = "1g"', "presets[1]: cpu must be above 0"),
        ('[[presets]]\nname = "a"\ncpu = 1\nmemory = "much"', "presets[1].memory: 'much' is not an amount"),
        ('[[presets]]\nname = "a"\ncpu = 1\nmemory = "1g"\ngpu = 0.5', "gpu a whole number"),
        ("keys = 1", "keys: write it as a table"),
        ("[keys]\nquit = 1", "keys.quit: 1 is not a text"),
        ("interval = ", "Invalid value"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    assert message in trouble(tmp_path, text)


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    told = trouble(tmp_path, 'intervall = 2\nclipboard = "x"\nfolder_root = "."')
    assert [line.split(": ")[1] for line in told.splitlines()] == ["intervall", "folder_root", "clipboard"]


def test_file_that_was_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        load(tmp_path / "mine.toml", {"HOME": str(tmp_path)})


def test_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=str(file)):
        load(file, {"HOME": str(tmp_path)})


def test_directories_follow_xdg(tmp_path: Path) -> None:
    environ = {"HOME": "/home/alice", "XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": str(tmp_path)}
    assert config_directory(environ) == Path("/c/sessiontui")
    assert state_directory(environ) == tmp_path / "sessiontui"


@pytest.mark.skipif(os.geteuid() != 0, reason="sudo makes one root")
def test_under_sudo_everything_is_of_the_user_who_called_it() -> None:
    environ = {"HOME": "/root", "SUDO_UID": "2", "XDG_CONFIG_HOME": "/root/.config"}
    home = Path("/bin")  # of user bin, number 2, on every Debian
    assert load(None, environ).folder_root == home / "sessiontui"
    assert config_directory(environ) == home / ".config/sessiontui"
    assert state_directory(environ) == home / ".local/state/sessiontui"
