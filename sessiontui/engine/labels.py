"""Sessions as labels on the engine's objects, and back.

The labels are all that is kept of an order. What a label says is data from a stranger: reading is
lenient, a missing or garbled one becomes an empty value, and nothing here trusts it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sessiontui.domain.batch import Batch
from sessiontui.domain.environment import OTHER, App
from sessiontui.domain.flat import read, told, whole
from sessiontui.domain.folder import Mount
from sessiontui.domain.launch import Order
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import SCHEMA, Owner

PREFIX = "sessiontui."
SCHEMA_LABEL = PREFIX + "schema"
"""Marks a container or volume as a session's; its value is the version of the other labels."""
ID_LABEL = PREFIX + "id"
_ID = re.compile(r"^[A-Za-z0-9]{1,64}\Z")
"""What an id is made of: it becomes part of volume names and of paths."""
_TOO_MANY = 2**63
"""Engines count in 64 bits with a sign; JSON may hold more, and Python reads Infinity and NaN in it."""
_LONGEST, _LONGEST_IMAGE = 128, 512
"""Characters of a label that are shown: no honest one holds more."""
_MOST_DEVICES = 1024
"""GPUs of a session: no machine has as many, parts counted."""
_LONGEST_TIME = 10**10
"""Seconds of a time limit that can be told in words: some centuries."""
LAUNCHER_LABEL = PREFIX + "launcher"
"""The process that creates it, so that a launch cut off in the middle is known for one."""
RECIPE_LABEL = PREFIX + "recipe"
"""On images: fingerprint of the recipe they are built from."""
STAGE_LABEL = PREFIX + "stage"
"""On the build stages that are thrown away."""


def labels_of(order: Order, *, created_at: datetime, launcher: str) -> dict[str, str]:
    """The labels of a session's container and home volume."""
    return {
        SCHEMA_LABEL: str(SCHEMA),
        ID_LABEL: order.id,
        PREFIX + "name": order.name,
        PREFIX + "owner": order.owner.name,
        PREFIX + "uid": str(order.owner.uid),
        PREFIX + "gid": str(order.owner.gid),
        PREFIX + "environment": order.environment,
        PREFIX + "version": order.version,
        PREFIX + "image": order.image,
        PREFIX + "created-at": created_at.isoformat(),
        PREFIX + "order": json.dumps(
            {
                "ask": asdict(order.ask),
                "devices": list(order.devices),
                **({"shared": True} if order.gpu_shared else {}),
                **({"gpu_memory": order.gpu_memory} if order.gpu_memory else {}),
                "mounts": [asdict(mount) for mount in order.mounts],
                "env": [list(pair) for pair in order.env],
                **({"secrets": list(order.secret_names)} if order.secrets else {}),
                **({"batch": asdict(order.batch)} if order.batch else {}),
            }
        ),
        PREFIX + "apps": json.dumps([told(app) for app in order.apps], separators=(",", ":")),
        LAUNCHER_LABEL: launcher,
    }


class Labels:
    """What the labels of one object say, leniently read."""

    def __init__(self, labels: Mapping[str, str] | None) -> None:
        self._labels = labels or {}
        order = _json(self._labels.get(PREFIX + "order", ""))
        self._order: dict[str, Any] = order if isinstance(order, dict) else {}

    @property
    def ours(self) -> bool:
        """Whether the object belongs to a session."""
        return SCHEMA_LABEL in self._labels and _ID.match(self.id) is not None

    @property
    def schema(self) -> int:
        """Version of the labels; one we cannot read counts as a later one."""
        value = self._labels.get(SCHEMA_LABEL, "")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 6 else SCHEMA + 1

    @property
    def id(self) -> str:
        """The session's id."""
        return self._labels.get(ID_LABEL, "")

    @property
    def name(self) -> str:
        """The session's name; its id when it has none."""
        return self._text("name") or self.id

    @property
    def owner(self) -> Owner:
        """Who launched it; uid and gid -1 (nobody's) when the labels do not say."""
        return Owner(self._text("owner") or "unknown", self._number("uid"), self._number("gid"))

    @property
    def environment(self) -> str:
        """Name of the environment."""
        return self._text("environment") or OTHER

    @property
    def version(self) -> str:
        """Name of the version, may be empty."""
        return self._text("version")

    @property
    def image(self) -> str:
        """The image as it was ordered."""
        return self._text("image", _LONGEST_IMAGE)

    @property
    def launcher(self) -> str:
        """The process that created it."""
        return self._labels.get(LAUNCHER_LABEL, "")

    @property
    def created_at(self) -> datetime | None:
        """When it was launched."""
        try:
            moment = datetime.fromisoformat(self._text("created-at"))
        except ValueError:
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    @property
    def ask(self) -> Ask:
        """The resources ordered; zeros where unreadable."""
        ask = read(Ask, self._order.get("ask"))
        if ask is None or not all(0 <= one < _TOO_MANY for one in (ask.cpu, ask.memory, ask.gpu)):
            return Ask(0, 0)
        return ask

    @property
    def devices(self) -> tuple[str, ...]:
        """UUIDs of its GPUs."""
        devices = _list(self._order.get("devices"))[:_MOST_DEVICES]
        return tuple(one for one in devices if isinstance(one, str) and len(one) <= _LONGEST)

    @property
    def gpu_shared(self) -> bool:
        """Whether it shares its GPUs."""
        return self._order.get("shared") is True

    @property
    def gpu_memory(self) -> int | None:
        """Bytes that each of its GPUs was to have."""
        return whole(self._order.get("gpu_memory"))

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """Its folders."""
        return tuple(filter(None, (read(Mount, one) for one in _list(self._order.get("mounts")))))

    @property
    def env(self) -> tuple[tuple[str, str], ...]:
        """The variables the person set."""
        pairs = _list(self._order.get("env"))
        return tuple(
            (str(pair[0]), str(pair[1])) for pair in pairs if isinstance(pair, list) and len(pair) == 2
        )

    @property
    def secret_names(self) -> tuple[str, ...]:
        """The variables whose values are in no label."""
        return tuple(one for one in _list(self._order.get("secrets")) if isinstance(one, str))

    @property
    def batch(self) -> Batch | None:
        """What it runs to its end."""
        batch = read(Batch, self._order.get("batch"))
        if batch is None or batch.seconds is None or 0 < batch.seconds < _LONGEST_TIME:
            return batch
        return replace(batch, seconds=None)

    @property
    def apps(self) -> tuple[App, ...]:
        """Its apps."""
        return _apps(self._labels.get(PREFIX + "apps", ""))

    def _text(self, name: str, longest: int = _LONGEST) -> str:
        """A label for people to read: neither control characters nor pages of it."""
        text = str(self._labels.get(PREFIX + name, ""))[:longest]
        if text.isprintable():
            return text
        return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)

    def _number(self, name: str) -> int:
        value = self._text(name)
        return int(value) if value.isascii() and value.isdigit() and len(value) < 11 else -1


@lru_cache(maxsize=64)
def _apps(text: str) -> tuple[App, ...]:
    """The apps of a label: many sessions of one environment carry the same text."""
    return tuple(filter(None, (read(App, one) for one in _list(_json(text)))))


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
