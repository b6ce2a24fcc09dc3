"""What the launch dialog says: pure text."""

from __future__ import annotations

from collections.abc import Container

from sessiontui.domain.batch import Batch
from sessiontui.domain.environment import IMAGE, SAVED_FROM, Environment, Version
from sessiontui.domain.gpu_words import numbers
from sessiontui.domain.launch import Draft, Order
from sessiontui.domain.resources import Capacity
from sessiontui.domain.units import format_bytes, format_cores, format_duration
from sessiontui.ui.present import clean


def environment_label(environment: Environment) -> str:
    """An environment in the list of choices; of an image, also the name that tells it from its like, and
    of a saved one, whose it is.
    """
    told = {IMAGE: environment.name, SAVED_FROM: environment.group}.get(environment.source)
    name = f" · {told}" if told else ""
    return clean(f"{environment.icon} {environment.label}{name}".strip())


def version_label(environment: Environment, version: Version, images: Container[str] | None) -> str:
    """A version in the list of choices, with whether its image is there (None: not known yet)."""
    tags = " · ".join(version.tags)
    text = clean(f"{version.label or version.name} {tags}".strip())
    if images is None:
        return text
    if version.image in images:
        return f"{text}   ● ready"
    return f"{text}   ○ {'built' if environment.recipe else 'pulled'} at the first launch"


def will_happen(order: Order, environment: Environment | None, images: Container[str]) -> str:
    """What launching the order does, in one sentence."""
    what = f"{environment.label} {order.version}" if environment else order.image
    folders = len(order.mounts)
    mounts = f" and {folders} folder{'s' if folders != 1 else ''}" if folders else ""
    which = f" ({numbers(order.gpus)})" if order.gpus else ""
    text = f"{what} as {order.name} with {order.ask}{which}{mounts}{_then(order.batch)}"
    if order.image in images:
        return clean(text)
    if environment and environment.recipe:
        return clean(f"{text}; its image is built first (some minutes)")
    return clean(f"{text}; its image is pulled first")


def _then(batch: Batch | None) -> str:
    """What becomes of a session by itself."""
    if batch is None:
        return ""
    within = "" if batch.seconds is None else f" within {format_duration(batch.seconds)}"
    deleted = "; deleted with its home when that ended well" if batch.delete else ""
    return f", ends with its command{within}{deleted}"


def beyond(wanted: Draft, capacity: Capacity) -> dict[str, str]:
    """By field, what a launch once had that is more than the engine has."""
    found = {}
    if wanted.cpu is not None and wanted.cpu > capacity.cpu:
        found["cpu"] = f"it had {format_cores(wanted.cpu)} cores: the engine has {capacity.cpu}"
    if wanted.memory is not None and wanted.memory > capacity.memory:
        has = format_bytes(capacity.memory)
        found["memory"] = f"it had {format_bytes(wanted.memory)}: the engine has {has}"
    if wanted.gpu > len(capacity.gpus):
        found["gpu"] = f"it had {wanted.gpu} GPU: the engine has {len(capacity.gpus) or 'none'}"
    return found
