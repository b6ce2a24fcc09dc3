"""What is said of folders, purely."""

from __future__ import annotations

from sessiontui.domain.folder import Extent
from sessiontui.domain.units import format_bytes


def files_text(files: int) -> str:
    """``no files``, ``1 file``, ``12 files``."""
    return "no files" if not files else "1 file" if files == 1 else f"{files} files"


def extent_text(extent: Extent | None, *, counting: bool) -> str:
    """How much is in a directory, as far as it is counted."""
    if extent is None or (counting and not extent.files):
        return "counting…" if counting else "not counted"
    tail = ", counting…" if counting else ""
    return f"{files_text(extent.files)}, {format_bytes(extent.bytes)}{tail}"
