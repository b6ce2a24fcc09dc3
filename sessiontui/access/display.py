"""Where the person sits: at this machine's own screen, or at another one."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from sessiontui.access.forwarding import over_ssh


def at_a_display(environ: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Whether windows and a clipboard of this machine are in front of the person.

    A display forwarded over SSH does not count: it is slow, and often a leftover of another login.
    """
    if over_ssh(environ):
        return False
    return platform == "darwin" or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
