"""What a terminal can show of a file, whatever the file is."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from sessiontui.domain.files import Head
from sessiontui.ui.preview import IMAGE_BYTES, TEXT_BYTES, Lines, Picture, is_text, preview


def reader(data: bytes, size: int | None = None) -> Callable[[int], Head]:
    return lambda limit: Head(data[:limit], size or len(data), 0.0)


def lines(data: bytes, size: int | None = None) -> Lines:
    found = preview(reader(data, size))
    assert isinstance(found, Lines)
    return found


def image(mode: str = "RGB", size: tuple[int, int] = (8, 4), kind: str = "PNG", **more: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, **more).save(out, kind)  # type: ignore[arg-type]
    return out.getvalue()


def test_text_comes_line_by_line_without_what_acts_on_a_terminal() -> None:
    assert lines(b"a\r\n\tb\x1b[31m\xe2\x80\xae\n") == Lines(("a", "        b"), "14B")
    assert lines(b"") == Lines((), "empty")
    assert lines("ﻡ日本\n".encode("utf-8-sig")).lines == ("ﻡ日本",)


def test_a_long_file_says_how_much_of_it_is_shown() -> None:
    found = lines(("é" * TEXT_BYTES).encode()[: TEXT_BYTES + 1], 10 * TEXT_BYTES)
    assert found.facts == "the first 256K of 2.5M"
    assert found.lines[0].endswith("é…")
    assert len(found.lines[0]) == 4001
    many = lines(b"x\n" * 50_000)
    assert (len(many.lines), many.facts) == (10_000, "the first 10000 lines of 97.7K")


def test_a_character_that_the_end_cuts_is_left_out() -> None:
    data = b"a" * (TEXT_BYTES - 1) + "é".encode()
    assert "�" not in lines(data).lines[0]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", True),
        (b"plain\n", True),
        (b"colours \x1b[1m\n", True),
        ("日本語".encode(), True),
        ("latin: é".encode("latin-1") + b" and much more that is readable", True),
        (b"\x00", False),
        (b"\x7fELF\x02\x01", False),
        (bytes(range(128, 256)), False),
    ],
)
def test_what_counts_as_text(data: bytes, text: bool) -> None:
    assert is_text(data) is text


def test_what_is_no_text_is_named_and_dumped() -> None:
    found = lines(b"\x93NUMPY\x01\x00" + b"\0" * 1000)
    assert found.facts == "a NumPy array · 1.0K"
    assert found.lines[0] == "00000000  934e 554d 5059 0100 0000 0000 0000 0000  .NUMPY.........."
    assert len(found.lines) == 32


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP"])
def test_images_are_pixels(kind: str) -> None:
    found = preview(reader(image(kind=kind, color=(200, 10, 10))))
    assert isinstance(found, Picture)
    assert found.facts.startswith(f"{kind} · 8 × 4 · ")
    rows = found.rows(4, 10)
    assert (len(rows), len(rows[0])) == (1, 4)
    (red, green, blue), lower = rows[0][0]
    assert red > 150 > 60 > max(green, blue)
    assert lower[0] > 150


@pytest.mark.parametrize(("columns", "room", "size"), [(100, 50, (32, 8)), (3, 50, (3, 1)), (100, 1, (4, 1))])
def test_an_image_keeps_its_shape_in_any_room(columns: int, room: int, size: tuple[int, int]) -> None:
    found = preview(reader(image()))
    assert isinstance(found, Picture)
    rows = found.rows(columns, room)
    assert (len(rows[0]), len(rows)) == size


def test_what_is_transparent_is_grey() -> None:
    for mode in ("RGBA", "LA"):
        found = preview(reader(image(mode, color=(0, 0) if mode == "LA" else (0, 0, 0, 0))))
        assert isinstance(found, Picture)
        assert found.rows(8, 2)[0][0][0] == (110, 110, 110)


def test_an_image_of_too_many_pixels_is_not_decoded() -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    data = (
        b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    )
    found = lines(data)
    assert "too large" in found.lines[0] or "DecompressionBomb" in found.lines[0]


def test_an_image_of_too_many_bytes_is_not_read() -> None:
    asked = []

    def read(limit: int) -> Head:
        asked.append(limit)
        return Head(image()[:limit], IMAGE_BYTES + 1, 0.0)

    found = preview(read)
    assert isinstance(found, Lines)
    assert "too large" in found.lines[0]
    assert asked == [TEXT_BYTES]


def test_a_broken_image_says_so() -> None:
    whole = image(size=(300, 300))
    for data in (whole[:40], b"GIF89a", b"\xff\xd8\xff\xe0 no jpeg", b"BM\0\0"):
        found = lines(data)
        assert "cannot be shown" in found.lines[0]
