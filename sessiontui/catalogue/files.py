"""The catalogue in files: the built-in environments, and the user's own beside or over them.

One TOML an environment: ``NAME/environment.toml`` (with a recipe beside it, where it has one) or
``NAME.toml``. The keys are described in the head of ``environments/python/environment.toml`` and, for
apps, of ``environments/apps.toml``.
"""

from __future__ import annotations

import difflib
import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from sessiontui.catalogue.found import found_environments
from sessiontui.catalogue.saved import is_saved, saved_environments
from sessiontui.domain.environment import App, Environment, FoundImage, Protocol, Version
from sessiontui.domain.errors import ConfigError
from sessiontui.domain.launch import SMALLEST
from sessiontui.domain.resources import Ask
from sessiontui.domain.units import parse_bytes

BUILT_IN = Path(__file__).parent / "environments"
ORDER = ("python", "pytorch", "tensorflow")
"""These first; the default environment is the first of all."""

_Keys = Mapping[str, type | tuple[type, ...]]

_ENVIRONMENT_KEYS: _Keys = {
    "name": str, "label": str, "icon": str, "description": str, "default": str, "recipe": str,
    "tags": list, "apps": list, "minimums": dict, "versions": list,
}  # fmt: skip
_VERSION_KEYS: _Keys = {
    "name": str, "label": str, "base": str, "image": str,
    "distributions": list, "accelerators": list, "tags": list,
}  # fmt: skip
_APP_KEYS: _Keys = {
    "name": str, "label": str, "icon": str, "protocol": str, "port": int, "path": str, "command": str,
    "secret": str, "via": str, "runs": str, "needs": str, "timeout": (int, float), "group": str,
    "parameter": str, "ready": str, "question": str, "answer": str, "carries": str,
}  # fmt: skip
_MINIMUM_KEYS: _Keys = {"cpu": (int, float), "memory": str, "gpu": int}


class FileCatalogue:
    """Fills :class:`sessiontui.catalogue.port.Catalogue`. Files are read once."""

    def __init__(self, user_directory: Path | None = None) -> None:
        self._user_directory = user_directory

    def environments(self) -> tuple[Environment, ...]:
        """See the port."""
        return tuple(self._environments.values())

    def other_apps(self) -> tuple[App, ...]:
        """See the port."""
        return tuple(self._apps.values())

    def found(self, images: Iterable[FoundImage]) -> tuple[Environment, ...]:
        """See the port."""
        every = tuple(images)
        others = (image for image in every if not is_saved(image))
        saved = saved_environments(image for image in every if is_saved(image))
        return (*saved, *found_environments(others, self.environments(), self._apps))

    def recipe(self, environment: Environment) -> Mapping[str, bytes]:
        """See the port."""
        path = Path(environment.recipe)
        try:
            return {"Dockerfile": path.read_bytes()}
        except OSError as error:
            raise ConfigError(f"cannot read the recipe {path}: {error.strerror}") from error

    def fingerprint(self, environment: Environment) -> str:
        """See the port."""
        digest = hashlib.sha256()
        for name, content in sorted(self.recipe(environment).items()):
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()[:16]

    @cached_property
    def _apps(self) -> dict[str, App]:
        path = BUILT_IN / "apps.toml"
        tables = _read(path)
        apps: dict[str, App] = {}
        for name, table in tables.items():
            apps[name] = _app(path, {**table, "name": name}, apps)
        return apps

    @cached_property
    def _environments(self) -> dict[str, Environment]:
        found = {one.name: one for one in self._load(BUILT_IN, "built-in")}
        found = {name: found[name] for name in sorted(found, key=_place)}
        if self._user_directory is not None and self._user_directory.is_dir():
            found.update({one.name: one for one in self._load(self._user_directory, "")})
        return found

    def _load(self, directory: Path, source: str) -> Iterable[Environment]:
        paths = [*directory.glob("*/environment.toml"), *directory.glob("*.toml")]
        for path in sorted(paths):
            if path != BUILT_IN / "apps.toml":
                yield self._environment(path, source or str(path))

    def _environment(self, path: Path, source: str) -> Environment:
        table = _read(path)
        _check(path, "", table, _ENVIRONMENT_KEYS, required=("name", "versions"))
        name = table["name"]
        recipe = _recipe(path, table["recipe"]) if "recipe" in table else ""
        tags = _words(path, table, "tags")
        versions = tuple(_version(path, name, recipe, tags, one) for one in table["versions"])
        default = table.get("default", versions[0].name if versions else "")
        if not any(version.name == default for version in versions):
            raise ConfigError(f"{path}: default = {default!r} is none of its versions")
        return Environment(
            name=name,
            label=table.get("label", name),
            versions=versions,
            default=default,
            apps=self._apps_of(path, table.get("apps", list(self._apps))),
            minimum=_minimum(path, table.get("minimums", {})),
            description=table.get("description", ""),
            icon=table.get("icon", ""),
            recipe=recipe,
            source=source,
        )

    def _apps_of(self, path: Path, names: Iterable[Any]) -> tuple[App, ...]:
        apps: dict[str, App] = {}
        for one in names:
            if isinstance(one, dict):
                app = _app(path, one, self._apps)
            elif one in self._apps:
                app = self._apps[one]
            else:
                raise ConfigError(f"{path}: no app {one!r}; known: {', '.join(self._apps)}")
            apps[app.name] = app
        for app in apps.values():
            if app.via and app.via not in apps:
                raise ConfigError(f"{path}: {app.name} is reached via {app.via}, which is not among apps")
        return tuple(apps.values())


def _place(name: str) -> tuple[int, str]:
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)


def _recipe(path: Path, name: str) -> str:
    """The Dockerfile: beside the file, or for built-in ones beside their directories."""
    for place in (path.parent / name, BUILT_IN / name):
        if place.is_file():
            return str(place)
    raise ConfigError(f"{path}: there is no recipe {path.parent / name}")


def _version(path: Path, environment: str, recipe: str, tags: tuple[str, ...], table: object) -> Version:
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: [[versions]] must be tables")
    _check(path, "versions.", table, _VERSION_KEYS, required=("name", "base" if recipe else "image"))
    return Version(
        name=table["name"],
        label=table.get("label") or table["name"],
        image=f"sessiontui/{environment}:{table['name']}" if recipe else table["image"],
        base=table.get("base", ""),
        distributions=_words(path, table, "distributions"),
        accelerators=_words(path, table, "accelerators"),
        tags=(*tags, *_words(path, table, "tags")),
    )


def _app(path: Path, table: Mapping[str, Any], others: Mapping[str, App]) -> App:
    """The app of one table; ``runs`` names the app whose server serves this one's page too."""
    where = f"apps.{table.get('name', '')}."
    server = others.get(table.get("runs", ""))
    required = ("name",) if server else ("name", "port", "command")
    _check(path, where, table, _APP_KEYS, required=required)
    if "runs" in table and server is None:
        raise ConfigError(f"{path}: {where}runs = {table['runs']!r} is no app before it")
    plain = server or App("", "", "http", 0)
    protocol = table.get("protocol", plain.protocol)
    if protocol not in ("http", "tcp"):
        raise ConfigError(f"{path}: {where}protocol must be http or tcp, not {protocol!r}")
    port = table.get("port", plain.port)
    if not 1024 <= port <= 65535:
        raise ConfigError(f"{path}: {where}port must be from 1024 to 65535, not {port}")
    secret = table.get("secret", "token" if plain.secret else "")
    if secret not in ("", "token", "key"):
        raise ConfigError(f"{path}: {where}secret must be token or key, not {secret!r}")
    via = table.get("via", plain.via)
    if protocol == "http" and not secret and not via:
        raise ConfigError(f"{path}: {where} a page without a secret lets everybody in: give it secret or via")
    for key in ("question", "answer"):
        if not table.get(key, "").isprintable():
            raise ConfigError(f"{path}: {where}{key} must be one line")
    return App(
        name=table["name"],
        label=table.get("label", table["name"]),
        protocol=cast("Protocol", protocol),
        port=port,
        path=table.get("path", "/"),
        command=table.get("command", plain.command).strip(),
        secret=bool(secret),
        via=via,
        needs=table.get("needs", plain.needs).strip(),
        timeout=float(table.get("timeout", plain.timeout)),
        icon=table.get("icon", "▸"),
        group=table.get("group", ""),
        parameter=table.get("parameter", plain.parameter),
        ready=table.get("ready", "").strip(),
        question=table.get("question", plain.question),
        answer=table.get("answer", plain.answer),
        runs=server.server if server else "",
        carries=table.get("carries", "").strip(),
    )


def _minimum(path: Path, table: Mapping[str, Any]) -> Ask:
    _check(path, "minimums.", table, _MINIMUM_KEYS)
    try:
        memory = parse_bytes(table["memory"]) if "memory" in table else SMALLEST.memory
    except ValueError as error:
        raise ConfigError(f"{path}: minimums.memory: {error}") from error
    return Ask(float(table.get("cpu", SMALLEST.cpu)), memory, table.get("gpu", 0))


def _words(path: Path, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    words = table.get(key, [])
    if not all(isinstance(word, str) for word in words):
        raise ConfigError(f"{path}: {key} must be a list of words")
    return tuple(words)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error


def _check(
    path: Path,
    where: str,
    table: Mapping[str, Any],
    keys: _Keys,
    *,
    required: Iterable[str] = (),
) -> None:
    """Raise ConfigError naming file and key for a key that is unknown, missing or of the wrong kind."""
    for key, value in table.items():
        if key not in keys:
            near = difflib.get_close_matches(key, keys, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(keys)}"
            raise ConfigError(f"{path}: unknown key {where}{key}", hint)
        if not isinstance(value, keys[key]) or (isinstance(value, bool) and keys[key] is not bool):
            raise ConfigError(f"{path}: {where}{key} = {value!r} is of the wrong kind")
    for key in required:
        if not table.get(key):
            raise ConfigError(f"{path}: {where}{key} is missing")
