"""Every error sessiontui shows a person: a message that says what happened, a hint that says what to do.

The tree (foreign errors become one of these at the border that met them)::

    SessiontuiError
    ├── ConfigError              a settings file says something we do not understand
    ├── Refused                  inputs have problems, all of them listed
    ├── Unknown                  no session, environment, version, app or folder of that name
    ├── NotYours                 the session belongs to another user
    ├── Cancelled                the person stopped a launch
    ├── StorageError             a folder or file cannot be read, made or removed
    │   └── AlreadyThere         something has the name that a copy should get
    ├── HostError                the machine lacks something (package, permission, terminal)
    └── EngineError              the container engine answered no
        ├── EngineUnreachable    nothing answers at the engine's address
        ├── EngineDenied         the engine's socket is not ours to open
        ├── SessionGone          the session was deleted meanwhile
        ├── NameTaken            a live session of the same owner has this name
        ├── ImageUnavailable     the image is not here and cannot be pulled
        ├── ImageInUse           a container uses the image that is to be removed
        ├── BuildFailed          the environment's image could not be built
        ├── DiskFull             the engine's disk has no space left
        ├── StartFailed          the session was created and did not come up
        │   └── DevicesTaken     another has its GPUs
        └── AppFailed            an app did not open its port
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sessiontui.domain.gpu import Holder


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input, naming its field."""

    field: str
    """The input's name, e.g. ``memory`` or ``mounts``."""
    message: str
    """What is wrong and what would be right, in one sentence."""


class SessiontuiError(Exception):
    """Root of all errors a person may be shown: ``message`` and ``hint``, each one or two sentences."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(SessiontuiError):
    """A settings file holds an unknown key or a value of the wrong kind."""


class Refused(SessiontuiError):
    """An order or form has problems; nothing was done."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(f"{problem.field}: {problem.message}" for problem in problems))
        self.problems = tuple(problems)


class Unknown(SessiontuiError):
    """Nothing is known by the given name."""


class NotYours(SessiontuiError):
    """The session belongs to another user."""


class Cancelled(SessiontuiError):
    """The person stopped what was going on; nothing is left behind."""


class StorageError(SessiontuiError):
    """A folder or file cannot be read, made or removed."""


class AlreadyThere(StorageError):
    """Something has the name that a copy should get; nothing was copied."""


class HostError(SessiontuiError):
    """This machine lacks something sessiontui needs: a package, a permission, a terminal."""


class EngineError(SessiontuiError):
    """The container engine refused or failed."""


class EngineUnreachable(EngineError):
    """Nothing answers at the engine's address."""


class EngineDenied(EngineError):
    """The engine's socket may not be opened by this user."""


class SessionGone(EngineError):
    """The session no longer exists."""


class NameTaken(EngineError):
    """Another session of the same owner has the name."""


class ImageUnavailable(EngineError):
    """The image is not on the engine and its registry does not give it.

    ``out_of_reach`` is true when no registry answered at all (as against: it answered no).
    """

    def __init__(self, message: str, hint: str = "", *, out_of_reach: bool = False) -> None:
        super().__init__(message, hint)
        self.out_of_reach = out_of_reach


class ImageInUse(EngineError):
    """A container was made of the image, which therefore stays."""


class BuildFailed(EngineError):
    """The environment's image could not be built; ``output`` holds the build's last lines."""

    def __init__(self, message: str, hint: str = "", *, output: str = "") -> None:
        super().__init__(message, hint)
        self.output = output


class DiskFull(EngineError):
    """No space is left where the engine keeps images and containers."""


class StartFailed(EngineError):
    """The session was created and did not come up; it has been removed again."""


class DevicesTaken(StartFailed):
    """Another session or container has a GPU of this one; ``holders`` says who, by the device's UUID."""

    def __init__(self, message: str, hint: str, holders: Mapping[str, tuple[Holder, ...]]) -> None:
        super().__init__(message, hint)
        self.holders = holders


class AppFailed(EngineError):
    """An app did not open its port; ``output`` holds its last lines."""

    def __init__(self, message: str, hint: str = "", *, output: str = "") -> None:
        super().__init__(message, hint)
        self.output = output
