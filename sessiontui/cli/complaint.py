"""What went wrong and what to do about it, on standard error."""

from __future__ import annotations

import sys

from sessiontui.cli.printing import printable


def complain(message: str, hint: str = "") -> None:
    """Print a message, and below it each line of the hint."""
    print(f"sessiontui: {printable(message)}", file=sys.stderr)
    for line in hint.splitlines():
        print(f"  {printable(line)}", file=sys.stderr)
