"""Opens a URL in a browser, only where that appears in front of the person."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from sessiontui.access.display import at_a_display
from sessiontui.domain.errors import HostError

_TEXT_BROWSERS = frozenset("browsh elinks links links2 lynx w3m www-browser".split())
"""These would start inside our own screen."""

_PATIENCE = 2.0
"""Seconds in which an opener that cannot open says so; one that still runs is the browser itself."""


def can_open(environ: Mapping[str, str]) -> bool:
    """Whether a browser would open in front of the person.

    ``$BROWSER`` counts over SSH, too: editors with a remote terminal set it to a program that opens
    on the person's own machine.
    """
    return _opener(environ) is not None


def open_in_front(url: str, environ: Mapping[str, str]) -> None:
    """Open the URL, detached from this terminal. Raises HostError. Waits up to two seconds."""
    command = _opener(environ)
    if command is None:
        raise HostError(
            "no browser here would open in front of you", "copy the URL into the browser of your own machine"
        )
    arguments = [word.replace("%s", url) for word in command]
    if arguments == command:
        arguments.append(url)
    try:
        process = subprocess.Popen(
            arguments,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise HostError(f"cannot run {command[0]}: {error.strerror}", "copy the URL instead") from error
    try:
        exit_code = process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        # Somebody has to take the browser's exit code one day, or it stays as a zombie.
        threading.Thread(target=process.wait, daemon=True).start()
        return
    if exit_code != 0:
        name = Path(command[0]).name
        raise HostError(f"{name} could not open the URL (exit code {exit_code})", "copy the URL instead")


def _opener(environ: Mapping[str, str]) -> list[str] | None:
    """The first usable command: those of ``$BROWSER``, else the desktop's own."""
    candidates = [entry for entry in environ.get("BROWSER", "").split(":") if entry.strip()]
    if at_a_display(environ):
        candidates += ["open"] if sys.platform == "darwin" else ["xdg-open", "x-www-browser"]
    for candidate in candidates:
        try:
            words = shlex.split(candidate)
        except ValueError:
            continue
        found = shutil.which(words[0], path=environ.get("PATH")) if words else None
        if found is not None and not _is_text_browser(found):
            return [found, *words[1:]]
    return None


def _is_text_browser(program: str) -> bool:
    path = Path(program)
    return not _TEXT_BROWSERS.isdisjoint((path.name, path.resolve().name))
