"""Flat dataclasses as JSON objects, for labels: short to write, lenient to read, never trusted."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_T = TypeVar("_T")

_MOST = 2**63


def told(value: DataclassInstance) -> dict[str, Any]:
    """What of a dataclass is not as it would be anyway: the engine sends all labels with every list."""
    plain = {one.name: one.default for one in fields(value)}
    return {name: said for name, said in asdict(value).items() if said != plain[name]}


def read(kind: type[_T], value: object) -> _T | None:
    """A value of a flat dataclass from its JSON object; None unless every field has its own kind."""
    fields = getattr(kind, "__dataclass_fields__", {})
    if not isinstance(value, dict):
        return None
    known = {name: value[name] for name in fields if name in value}
    kinds: dict[str, type | tuple[type, ...]] = {
        "str": str,
        "int": int,
        "int | None": (int, type(None)),
        "float": (int, float),
        "bool": bool,
        "Protocol": str,
    }
    for name, one in known.items():
        if not isinstance(one, kinds[fields[name].type]) or (
            isinstance(one, bool) and fields[name].type != "bool"
        ):
            return None
    try:
        return kind(**known)
    except TypeError:
        return None


def whole(value: object) -> int | None:
    """A whole number above 0 that counts something; None for what is none, or beyond all counting."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MOST:
        return value
    return None
