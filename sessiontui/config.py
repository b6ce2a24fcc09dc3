"""The settings file and where sessiontui keeps its own.

TOML at ``$XDG_CONFIG_HOME/sessiontui/config.toml``; every key may be left out::

    folder_root = "~/sessiontui"
    interval = 2.0                      # seconds between two readings of the meters, 1 or more
    ssh_destination = "alice@gpu-box"   # how a laptop reaches this machine
    clipboard = "auto"                  # auto, osc52, native or off
    shell_in = "place"                  # place, or window: a new window of the tmux around the dashboard
    detach_keys = "ctrl-^,q"            # the chord that leaves a shell running, as docker writes it
    gpu_watchers = ["*cadvisor*"]       # containers that only look at GPUs and hold none, by name

    [[presets]]                         # instead of the built-in ones
    name = "small"
    cpu = 1
    memory = "2 GiB"
    gpu = 0

    [keys]                              # command name = key
    delete-session = "ctrl+d"
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sessiontui.domain.detach_keys import DETACH_KEYS, checked_chord
from sessiontui.domain.errors import ConfigError
from sessiontui.domain.gpu import GPU_WATCHERS
from sessiontui.domain.resources import PRESETS, Ask, Preset
from sessiontui.domain.units import parse_bytes

CLIPBOARDS = ("auto", "osc52", "native", "off")
SHELL_PLACES = ("place", "window")
SHORTEST_INTERVAL = 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What a person may set."""

    folder_root: Path
    """Directory that holds the user's folders."""
    interval: float = 2.0
    """Seconds between two readings of the meters."""
    ssh_destination: str = ""
    """``user@host`` as a laptop reaches this machine; empty: told by the connection."""
    clipboard: str = "auto"
    """One of CLIPBOARDS: how copying is done."""
    shell_in: str = "place"
    """One of SHELL_PLACES: where a shell opens whose dashboard runs in tmux."""
    detach_keys: str = DETACH_KEYS
    """The chord that leaves a shell running, in docker's notation."""
    gpu_watchers: tuple[str, ...] = GPU_WATCHERS
    """Names, as shell patterns, of containers that hold no GPU though they are given some."""
    presets: tuple[Preset, ...] = PRESETS
    """Named amounts the launch dialog offers."""
    keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Keys by the name of their command, where they differ from the built-in ones."""


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """The settings in a file, or the defaults where the usual file (``path`` None) does not exist.

    Raises ConfigError naming the file and every key that is wrong.
    """
    file = path or config_directory(environ) / "config.toml"
    settings = Settings(home_directory(environ) / "sessiontui")
    try:
        content = file.read_bytes()
    except FileNotFoundError as error:
        if path is None:
            return settings
        raise ConfigError(f"{file}: there is no such file", "check the path of the settings file") from error
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    import tomllib

    try:
        data = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: {error}", "the format is TOML: https://toml.io") from error
    return _Reader(environ).settings(data, settings, file)


def config_directory(environ: Mapping[str, str]) -> Path:
    """Where settings are: ``sessiontui`` under ``$XDG_CONFIG_HOME``."""
    return _directory(environ, "XDG_CONFIG_HOME", ".config")


def state_directory(environ: Mapping[str, str]) -> Path:
    """Where keys and history are kept: ``sessiontui`` under ``$XDG_STATE_HOME``. It may not exist yet."""
    return _directory(environ, "XDG_STATE_HOME", ".local/state")


def _directory(environ: Mapping[str, str], variable: str, below_home: str) -> Path:
    """A directory of the XDG base directory specification; under sudo, of the one who called it."""
    named = Path(environ.get(variable, ""))
    if _called_by_sudo(environ) or not named.is_absolute():
        named = home_directory(environ) / below_home
    return named / "sessiontui"


def home_directory(environ: Mapping[str, str]) -> Path:
    """The home of who launches: under sudo, of the one who called it."""
    if _called_by_sudo(environ):
        try:
            return Path(pwd.getpwuid(int(environ["SUDO_UID"])).pw_dir)
        except KeyError:
            pass
    named = Path(environ.get("HOME", ""))
    return named if named.is_absolute() else Path(pwd.getpwuid(os.getuid()).pw_dir)


def _called_by_sudo(environ: Mapping[str, str]) -> bool:
    return os.geteuid() == 0 and environ.get("SUDO_UID", "").isdigit()


class _Reader:
    """Turns parsed TOML into settings and gathers what is wrong with it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._problems: list[str] = []

    def settings(self, data: Mapping[str, Any], defaults: Settings, file: Path) -> Settings:
        known = [one.name for one in fields(Settings)]
        self._refuse_unknown(data, known, "")
        chosen = {name: getattr(self, f"_{name}")(data[name]) for name in known if name in data}
        if self._problems:
            raise ConfigError(
                "\n".join(f"{file}: {problem}" for problem in self._problems), f"mend or remove it in {file}"
            )
        return Settings(**{name: chosen.get(name, getattr(defaults, name)) for name in known})

    def _folder_root(self, value: object) -> Path:
        text = self._text(value, "folder_root")
        path = home_directory(self._environ) / text[2:] if text.startswith("~/") else Path(text)
        if isinstance(value, str) and not path.is_absolute():
            self._problems.append(f"folder_root: {text!r} is not an absolute path, nor one below ~/")
        return path

    def _interval(self, value: object) -> float:
        seconds = self._number(value, "interval", SHORTEST_INTERVAL)
        if seconds < SHORTEST_INTERVAL:
            self._problems.append(f"interval: {seconds:g} is below {SHORTEST_INTERVAL:g} second")
        return seconds

    def _ssh_destination(self, value: object) -> str:
        text = self._text(value, "ssh_destination")
        if text.startswith("-") or any(sign.isspace() for sign in text):
            self._problems.append(f"ssh_destination: {text!r} is not written like user@host")
        return text

    def _clipboard(self, value: object) -> str:
        text = self._text(value, "clipboard")
        if isinstance(value, str) and text not in CLIPBOARDS:
            self._problems.append(f"clipboard: {_unknown(text, CLIPBOARDS)}")
        return text

    def _shell_in(self, value: object) -> str:
        text = self._text(value, "shell_in")
        if isinstance(value, str) and text not in SHELL_PLACES:
            self._problems.append(f"shell_in: {_unknown(text, SHELL_PLACES)}")
        return text

    def _detach_keys(self, value: object) -> str:
        text = self._text(value, "detach_keys")
        if isinstance(value, str):
            try:
                return checked_chord(text)
            except ValueError as error:
                self._problems.append(f"detach_keys: {error}")
        return text

    def _gpu_watchers(self, value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            self._problems.append("gpu_watchers: write it as a list of names in quotes")
            return ()
        return tuple(self._text(one, f"gpu_watchers[{number}]") for number, one in enumerate(value, 1))

    def _presets(self, value: object) -> tuple[Preset, ...]:
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self._problems.append("presets: write each as a table under [[presets]]")
            return ()
        return tuple(self._preset(one, f"presets[{number}]") for number, one in enumerate(value, 1))

    def _preset(self, table: Mapping[str, Any], place: str) -> Preset:
        self._refuse_unknown(table, ["name", "cpu", "memory", "gpu"], f"{place}.")
        for key in ("name", "cpu", "memory"):
            if key not in table:
                self._problems.append(f"{place}: {key} is missing")
        name = self._text(table.get("name", "-"), f"{place}.name")
        cpu = self._number(table.get("cpu", 1), f"{place}.cpu")
        gpu = self._number(table.get("gpu", 0), f"{place}.gpu")
        if cpu <= 0 or gpu < 0 or gpu != int(gpu):
            self._problems.append(f"{place}: cpu must be above 0 and gpu a whole number")
        return Preset(name, Ask(cpu, self._bytes(table.get("memory", 1), f"{place}.memory"), int(gpu)))

    def _keys(self, value: object) -> Mapping[str, str]:
        if not isinstance(value, dict):
            self._problems.append("keys: write it as a table: [keys]")
            return MappingProxyType({})
        return MappingProxyType({name: self._text(key, f"keys.{name}") for name, key in value.items()})

    def _refuse_unknown(self, table: Mapping[str, Any], known: Sequence[str], place: str) -> None:
        self._problems += [f"{place}{key}: {_unknown(key, known)}" for key in table if key not in known]

    def _text(self, value: object, key: str) -> str:
        if isinstance(value, str):
            return value
        self._problems.append(f"{key}: {_written(value)} is not a text in quotes")
        return ""

    def _number(self, value: object, key: str, instead: float = 1.0) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6:
            return float(value)
        self._problems.append(f"{key}: {_written(value)} is not a number that can be meant")
        return instead

    def _bytes(self, value: object, key: str) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
        try:
            return parse_bytes(value if isinstance(value, str) else _written(value))
        except ValueError as error:
            self._problems.append(f"{key}: {error}")
            return 1


def _unknown(name: str, known: Sequence[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, known, n=1)
    return f"unknown; did you mean {near[0]}?" if near else f"unknown; known are {', '.join(known)}"


def _written(value: object) -> str:
    return repr(value) if isinstance(value, str | int | float | bool) else f"a {type(value).__name__}"
