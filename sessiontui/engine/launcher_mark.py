"""Names the process that creates a session, so that a launch cut off in the middle is known for one."""

from __future__ import annotations

import os
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NUMBERS = Path("/proc/self/ns/pid")
"""Of a container its own (pid_namespaces(7)): its processes have other numbers than outside."""


def mark() -> str:
    """This process: boot of the machine, process id, when it began (clock ticks since the boot)."""
    return f"{_boot()}:{os.getpid()}:{_began(os.getpid())}"


def may_live(text: str) -> bool:
    """Whether the marked process may still be at work. One of another boot or machine is not.

    What follows the mark, after a colon, is the marker's own.
    """
    boot, pid, began, *_ = [*text.split(":"), "", "", ""]
    if boot != _boot() or not pid.isascii() or not pid.isdigit():
        return False
    return began != "" and _began(int(pid)) == began


def is_here(text: str) -> bool:
    """Whether the marked process is of this boot of this machine, and can be looked at from here."""
    return text.startswith(f"{_boot()}:")


def is_dead(text: str) -> bool:
    """Whether the marked process ran in this boot of this machine and has ended."""
    return is_here(text) and not may_live(text)


def seconds_since_boot() -> float:
    """How long this machine is up; endless where it does not say."""
    try:
        return float(Path("/proc/uptime").read_text().split()[0])
    except (OSError, ValueError):
        return float("inf")


def _boot() -> str:
    """The boot of the machine and, where several count processes apart, by whose numbers."""
    try:
        return f"{_BOOT.read_text().strip()}.{_NUMBERS.stat().st_ino:x}"
    except OSError:
        return "unknown"


def _began(pid: int) -> str:
    """Field 22 of ``/proc/PID/stat`` (proc(5)); empty when there is no such process, or it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return ""
    # The program's name, in brackets, may hold anything: count from the last one.
    state, *rest = stat.rpartition(")")[2].split()
    # One that has ended is kept until its parent asks how.
    return "" if state in {"Z", "X"} else rest[18]
