"""Turns a file into what a terminal can show of it: lines of text, an image, or what it is."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessiontui.domain.files import Head
from sessiontui.domain.units import MIB, format_bytes
from sessiontui.ui.present import clean

if TYPE_CHECKING:
    from PIL.Image import Image

TEXT_BYTES = 256 * 1024
"""Bytes of a file that are looked at, unless it is an image."""
IMAGE_BYTES = 32 * MIB
"""Bytes of the largest image that is looked at: its decoder needs the whole file."""
IMAGE_PIXELS = 40_000_000
"""Pixels of the largest image: so many are held in memory for a moment, three bytes each."""
_KEPT = (640, 480)
"""Pixels that are kept of an image: more than a terminal shows."""
_LINES, _LONGEST = 10_000, 4000
"""Lines shown of a text, and characters of a line."""
_DUMPED = 512
"""Bytes shown of what is no text."""
_LOOKED_AT = 8192
"""Bytes from which it is told whether a file is text."""

_IMAGES = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
}
_OTHERS = {
    b"\x7fELF": "a program or library (ELF)",
    b"PK\x03\x04": "a ZIP archive, or what is made of one (npz, docx, jar, PyTorch)",
    b"\x1f\x8b": "compressed with gzip",
    b"\xfd7zXZ\x00": "compressed with xz",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
    b"BZh": "compressed with bzip2",
    b"%PDF-": "a PDF document",
    b"\x93NUMPY": "a NumPy array",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file",
    b"SQLite format 3\x00": "an SQLite database",
    b"PAR1": "a Parquet file",
    b"GGUF": "a GGUF model",
    b"\x80\x04\x95": "a Python pickle",
}
_CONTROLS = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f]")
"""What no text has, colours apart."""

Color = tuple[int, int, int]
Rows = list[list[tuple[Color, Color]]]
"""Lines of columns; in each the colours of its upper and its lower half."""


@dataclass(frozen=True)
class Picture:
    """An image, kept small."""

    image: Image
    facts: str
    """Format and size in pixels."""

    def rows(self, columns: int, lines: int) -> Rows:
        """As much as fits into that many columns and lines, two pixels a character, whole and undistorted."""
        wide, high = self.image.size
        factor = min(max(1, columns) / wide, 2 * max(1, lines) / high, 4.0)
        size = (max(1, round(wide * factor)), max(1, round(high * factor)))
        small = self.image.resize(size)
        points = small.tobytes()
        stride = 3 * size[0]

        def at(x: int, y: int) -> Color:
            start = min(y, size[1] - 1) * stride + 3 * x
            red, green, blue = points[start : start + 3]
            return red, green, blue

        return [[(at(x, y), at(x, y + 1)) for x in range(size[0])] for y in range(0, size[1], 2)]


@dataclass(frozen=True)
class Lines:
    """Text, or what stands for a file that is none."""

    lines: tuple[str, ...]
    facts: str


Preview = Picture | Lines


def preview(read: Callable[[int], Head]) -> Preview:
    """Look at a file of which ``read`` tells the first so many bytes. Raises what it raises."""
    head = read(TEXT_BYTES)
    kind = _image_kind(head.data)
    if kind:
        return _image(kind, head, read)
    if is_text(head.data):
        return _text(head)
    what = next((words for magic, words in _OTHERS.items() if head.data.startswith(magic)), "not text")
    return Lines(tuple(_dump(head.data[:_DUMPED])), f"{what} · {format_bytes(head.size)}")


def is_text(data: bytes) -> bool:
    """Whether bytes are text for a person: UTF-8 or nearly so, without control characters no text has."""
    start = data[:_LOOKED_AT]
    if _CONTROLS.search(start):
        return False
    strange = start.decode("utf-8", "replace").count("�")
    return strange * 20 <= len(start)


def _text(head: Head) -> Lines:
    # A character that the end cuts in two is left out.
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    lines = decoder.decode(head.data).split("\n")
    if not lines[-1]:
        lines.pop()
    size = format_bytes(head.size)
    part = "" if head.whole else f"the first {format_bytes(len(head.data))} of "
    facts = f"{part}{size}" if head.size else "empty"
    if len(lines) > _LINES:
        facts, lines = f"the first {_LINES} lines of {size}", lines[:_LINES]
    return Lines(tuple(map(_line, lines)), facts)


def _line(text: str) -> str:
    shown = text[: 2 * _LONGEST].rstrip("\r").expandtabs(8)
    return clean(shown) if len(shown) <= _LONGEST else f"{clean(shown[:_LONGEST])}…"


def _dump(data: bytes) -> list[str]:
    """Bytes as ``xxd`` shows them."""
    lines = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{at:08x}  {row.hex(' ', 2):<39}  {shown}")
    return lines


def _image_kind(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return next((kind for magic, kind in _IMAGES.items() if data.startswith(magic)), "")


def _image(kind: str, head: Head, read: Callable[[int], Head]) -> Preview:
    """The image, or why it is not shown."""
    size = format_bytes(head.size)
    if head.size > IMAGE_BYTES:
        return Lines((f"too large to be shown: more than {format_bytes(IMAGE_BYTES)}",), f"{kind} · {size}")
    try:
        from PIL import Image
    except ImportError:
        return Lines(("Pillow, which reads images, is not installed here",), f"{kind} · {size}")
    whole = read(IMAGE_BYTES)
    facts = f"{kind} · {size}"
    try:
        # Only these decoders: others of the library run programs.
        with Image.open(io.BytesIO(whole.data), formats=(kind,)) as image:
            wide, high = image.size
            facts = f"{kind} · {wide} × {high} · {size}"
            if wide * high > IMAGE_PIXELS:
                millions = IMAGE_PIXELS // 1_000_000
                return Lines((f"too large to be shown: more than {millions} million pixels",), facts)
            image.draft("RGB", _KEPT)
            image.thumbnail(_KEPT)
            return Picture(_on_grey(image), facts)
    except Exception as error:  # noqa: BLE001 # a stranger's file breaks a decoder in any way
        return Lines((f"cannot be shown: {type(error).__name__}: {error}",), facts)


def _on_grey(image: Image) -> Image:
    """What is transparent is a middle grey, on which black and white can be told."""
    from PIL import Image as Images

    if image.mode not in ("RGBA", "LA", "PA") and "transparency" not in image.info:
        return image.convert("RGB")
    whole = image.convert("RGBA")
    ground = Images.new("RGBA", whole.size, (110, 110, 110, 255))
    ground.alpha_composite(whole)
    return ground.convert("RGB")
