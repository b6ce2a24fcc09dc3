"""Names the process that creates a session, so that a launch cut off in the middle is known for one."""

from __future__ import annotations

import os
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")


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


def is_dead(text: str) -> bool:
    """Whether the marked process ran in this boot of this machine and has ended."""
    return text.startswith(f"{_boot()}:") and not may_live(text)


def seconds_since_boot() -> float:
    """How long this machine is up; endless where it does not say."""
    try:
        return float(Path("/proc/uptime").read_text().split()[0])
    except (OSError, ValueError):
        return float("inf")


def _boot() -> str:
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return "unknown"


def _began(pid: int) -> str:
    """Field 22 of ``/proc/PID/stat`` (proc(5)); empty when there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return ""
    # The program's name, in brackets, may hold anything: count from the last one.
    return stat.rpartition(")")[2].split()[19]
