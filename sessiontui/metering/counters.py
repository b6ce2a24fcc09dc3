"""What the kernel's counter files say, from their bytes. None is what a text does not tell.

Formats: the kernel's ``Documentation/admin-guide/cgroup-v1/{memory,cpuacct,blkio-controller}.rst``,
``scheduler/sched-bwc.rst``, ``admin-guide/cgroup-v2.rst``, and ``proc_pid_net(5)`` for ``net/dev``.
"""

from __future__ import annotations

_ABSURD = 1 << 62
"""Version 1 writes no limit as the largest multiple of a page below 2 to the 63rd."""
_DIGITS = 20
"""Of the largest number the kernel writes, one of 64 bits."""


def number(text: bytes | None) -> int | None:
    """The one number of a file; None for a word such as ``max``."""
    if text is None:
        return None
    text = text.strip()
    return int(text) if text.isdigit() and len(text) <= _DIGITS else None


def figure(text: bytes | None, name: bytes) -> int | None:
    """The figure on the line of a name in a ``name value`` file."""
    if text is None:
        return None
    start = text.find(b"\n" + name + b" ") + 1
    if start == 0 and not text.startswith(name + b" "):
        return None
    start += len(name) + 1
    end = text.find(b"\n", start)
    return number(text[start:] if end < 0 else text[start:end])


def processor(text: bytes | None) -> tuple[int | None, int | None, int | None]:
    """Of a ``cpu.stat``: microseconds spent (version 2 only), periods, and periods held back."""
    return figure(text, b"usage_usec"), figure(text, b"nr_periods"), figure(text, b"nr_throttled")


def meant(amount: int | None) -> int | None:
    """A limit of memory that was set; None for the amount that stands for none."""
    return None if amount is None or amount >= _ABSURD else amount


def limit(text: bytes | None) -> int | None:
    """A limit in bytes; None where there is none."""
    return meant(number(text))


def cores_of_quota(quota: bytes | None, period: bytes | None) -> float | None:
    """Cores of version 1's two files, in microseconds; a quota of -1 is no limit."""
    time, every = number(quota), number(period)
    return time / every if time and every else None


def cores_of_max(text: bytes | None) -> float | None:
    """Cores of version 2's ``cpu.max``: ``QUOTA PERIOD`` in microseconds, or ``max PERIOD``."""
    fields = (text or b"").split()
    return cores_of_quota(fields[0], fields[1]) if len(fields) == 2 else None


def disk_of_version_1(text: bytes | None) -> tuple[int | None, int | None]:
    """Bytes read and written on all devices, from lines such as ``8:0 Read 4096``."""
    if text is None:
        return None, None
    read = written = 0
    if text.startswith(b"Total"):
        return read, written
    for line in text.split(b"\n"):
        fields = line.split()
        if len(fields) == 3 and fields[1] == b"Read":
            read += number(fields[2]) or 0
        elif len(fields) == 3 and fields[1] == b"Write":
            written += number(fields[2]) or 0
    return read, written


def disk_of_version_2(text: bytes | None) -> tuple[int | None, int | None]:
    """Bytes read and written on all devices, from lines such as ``8:0 rbytes=4096 wbytes=0 rios=1``.

    A device without a figure of its own may share its line with the next.
    """
    if text is None:
        return None, None
    read = written = 0
    for field in text.split():
        if field.startswith(b"rbytes="):
            read += number(field[7:]) or 0
        elif field.startswith(b"wbytes="):
            written += number(field[7:]) or 0
    return read, written


def network(text: bytes | None) -> tuple[int | None, int | None]:
    """Bytes received and sent on all interfaces but the loopback, after two lines of headings."""
    if text is None:
        return None, None
    lines = text.split(b"\n")
    if len(lines) < 3:
        return None, None
    received = sent = 0
    for line in lines[2:]:
        name, _, figures = line.partition(b":")
        fields = figures.split()
        if len(fields) < 9 or name.strip() == b"lo":
            continue
        received += number(fields[0]) or 0
        sent += number(fields[8]) or 0
    return received, sent
