"""A machine with AMD devices: the kernel's files of its bus, and what the stand-in for the library tells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sessiontui.domain.units import GIB

LIBRARY = Path(__file__).parent / "library"
"""What is put before other places of modules for the stand-in to be found."""


class AmdMachine:
    """The files below a directory."""

    def __init__(self, root: Path) -> None:
        self.bus = root / "bus"
        self.bus.mkdir()
        self.script = root / "devices.json"
        self._told: list[dict[str, Any]] = []

    def plug(self, address: str, *, vendor: str = "0x1002", kind: str = "0x038000", **files: str) -> Path:
        """Put a device on the bus; ``files`` are more of the kernel's, with ``__`` for a slash."""
        place = self.bus / address
        for name, text in {"vendor": vendor, "class": kind, **files}.items():
            path = place / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n")
        return place

    def tell(self, bdf: str, uuid: str, **changes: object) -> None:
        """Have the library tell of a device; what is None is not supported."""
        told = {
            "bdf": bdf, "uuid": uuid, "asic": {"market_name": "AMD Instinct MI300X"}, "driver": "6.10.5",
            "partition": "SPX", "total": 192 * GIB, "used": 20 * GIB, "busy": 43, "errors": 0,
            "processes": [], **changes,
        }  # fmt: skip
        self._told.append({name: value for name, value in told.items() if value is not None})
        self.script.write_text(json.dumps(self._told))
