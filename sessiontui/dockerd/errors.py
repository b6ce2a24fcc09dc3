"""Turns the errors of the engine, of its SDK and of the line to it into ours, here and nowhere else."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sessiontui.domain.errors import (
    DiskFull,
    EngineDenied,
    EngineError,
    EngineUnreachable,
    ImageUnavailable,
    SessionGone,
    SessiontuiError,
)

START_HINT = "start or install it with: sessiontui setup (what was looked at: sessiontui doctor)"


class RefusedRequestError(Exception):
    """The engine answered a request with an error: its HTTP status and its own words."""

    def __init__(self, status: int, explanation: str) -> None:
        super().__init__(f"{status}: {explanation}")
        self.status = status
        self.explanation = explanation


class BrokenAnswerError(Exception):
    """What answered does not speak the engine's language, or was cut off in the middle of a word."""


@contextmanager
def translated(subject: str, *, gone: bool = False) -> Iterator[None]:
    """Turn what requests to the engine raise into our errors, most specific first.

    ``subject`` names what the call is about; ``gone`` says that a missing one is a SessionGone.
    """
    try:
        yield
    except SessiontuiError:
        raise
    except Exception as error:
        ours = _translation(subject, error, gone)
        if ours is None:
            raise
        raise ours from error


def disk_is_full(explanation: str) -> bool:
    """Whether the engine's words mean a full disk."""
    return "no space left on device" in explanation.lower() or "disk quota exceeded" in explanation.lower()


def disk_full(subject: str) -> DiskFull:
    """The error for a full disk."""
    return DiskFull(
        f"{subject}: no space is left where the engine keeps its data",
        "make room (docker system df shows what takes it), then try again",
    )


def _translation(subject: str, error: Exception, gone: bool) -> SessiontuiError | None:
    """Our error for one of theirs; None for what no engine raises."""
    if isinstance(error, RefusedRequestError):
        return _refusal(subject, error.status, error.explanation, gone)
    # Only who has imported the SDK can have met its errors, many of which are OSErrors too.
    if "docker.errors" in sys.modules and (ours := _of_the_sdk(subject, error, gone)) is not None:
        return ours
    if isinstance(error, TimeoutError):
        return _silent(subject)
    return _unreachable(subject, error) if isinstance(error, OSError | BrokenAnswerError) else None


def _of_the_sdk(subject: str, error: Exception, gone: bool) -> SessiontuiError | None:
    import docker.errors
    import requests
    import urllib3.exceptions

    if isinstance(error, docker.errors.ImageNotFound):
        return ImageUnavailable(f"{subject}: {error.explanation}", "check the image's name")
    if isinstance(error, docker.errors.APIError):
        status = 404 if isinstance(error, docker.errors.NotFound) else 0
        return _refusal(subject, status, str(error.explanation or error), gone)
    if isinstance(error, requests.exceptions.Timeout):
        return _silent(subject)
    of_the_line = requests.exceptions.RequestException, urllib3.exceptions.HTTPError
    if isinstance(error, (*of_the_line, docker.errors.DockerException)):
        return _unreachable(subject, error)
    return None


def _refusal(subject: str, status: int, explanation: str, gone: bool) -> SessiontuiError:
    if status == 404:
        if gone:
            return SessionGone(f"{subject} is gone", "it was deleted meanwhile")
        return EngineError(f"{subject}: {explanation}")
    if disk_is_full(explanation):
        return disk_full(subject)
    if gone and "marked for removal" in explanation:
        return SessionGone(f"{subject} is gone", "it is being deleted")
    return EngineError(f"{subject}: {explanation}")


def _silent(subject: str) -> EngineUnreachable:
    return EngineUnreachable(
        f"{subject}: the engine did not answer in time", "it may be overloaded: give it a moment"
    )


def _unreachable(subject: str, error: BaseException) -> EngineError:
    pending: list[BaseException] = [error]
    seen: list[BaseException] = []
    while pending:
        one = pending.pop()
        if one in seen:
            continue
        seen.append(one)
        if isinstance(one, PermissionError):
            return EngineDenied(
                f"{subject}: this user may not open the engine's socket",
                "an administrator runs: usermod -aG docker "
                f"{os.environ.get('USER', 'USER')} — then log in again",
            )
        pending += [arg for arg in one.args if isinstance(arg, BaseException)]
        pending += [cause for cause in (one.__cause__, one.__context__) if cause is not None]
    if "paramiko" in str(error):
        return EngineUnreachable(
            f"{subject}: engines behind ssh:// need the package paramiko",
            "install it beside sessiontui, or forward the socket: ssh -N -L PATH:/var/run/docker.sock HOST",
        )
    last = next((one for one in reversed(seen) if isinstance(one, OSError) and one.strerror), error)
    words = last.strerror if isinstance(last, OSError) and last.strerror else str(error)
    return EngineUnreachable(f"{subject}: the engine does not answer ({words})", START_HINT)
