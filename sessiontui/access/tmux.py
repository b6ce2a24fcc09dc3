"""Opens a window of the tmux around this program."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from sessiontui.domain.errors import HostError

_PATIENCE = 5.0
"""Seconds to wait for tmux, which answers at once unless its server hangs."""

_GIVEN = frozenset(
    "COLORTERM CONTAINER_HOST DOCKER_API_VERSION DOCKER_CERT_PATH DOCKER_CONFIG DOCKER_CONTEXT DOCKER_HOST "
    "DOCKER_TLS_VERIFY HOME LANG LC_ALL PATH PYTHONPATH SUDO_GID SUDO_UID SUDO_USER XDG_CONFIG_HOME "
    "XDG_RUNTIME_DIR XDG_STATE_HOME".split()
)
"""Variables that decide what a program of ours finds. tmux starts windows with those that its server
was started with, perhaps long ago and elsewhere. They stand in an argument list for a moment, where
everybody can read them: none of these is a secret."""


def in_tmux(environ: Mapping[str, str]) -> bool:
    """Whether this program runs in tmux."""
    return bool(environ.get("TMUX"))


def open_window(argv: Sequence[str], title: str, environ: Mapping[str, str]) -> None:
    """Run a program in a new window beside this one's, and go there. Waits for tmux alone.

    Raises HostError when there is no tmux around, or it opens none.
    """
    hint = "open it in this terminal instead"
    if not in_tmux(environ):
        raise HostError("there is no tmux around this terminal", hint)
    tmux = shutil.which("tmux", path=environ.get("PATH"))
    if tmux is None:
        raise HostError("the tmux command is not installed here", hint)
    given = [f"{name}={value}" for name, value in environ.items() if name in _GIVEN]
    # tmux finds this program's own window by $TMUX_PANE.
    words = [tmux, "new-window", "-a", "-n", _plain(title)]
    with suppress(FileNotFoundError):
        words += ["-c", str(Path.cwd()).replace("#", "##")]
    try:
        done = subprocess.run(
            [*words, "env", *given, *argv],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise HostError("tmux does not answer", hint) from error
    except OSError as error:
        raise HostError(f"cannot run {tmux}: {error.strerror}", hint) from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip() or f"exit code {done.returncode}"
        raise HostError(f"tmux opened no window: {said}", hint)


def _plain(title: str) -> str:
    """A title in which tmux finds nothing to expand: in its formats, ``#()`` runs commands."""
    return "".join(sign if sign.isalnum() or sign in "._- " else "_" for sign in title) or "shell"
