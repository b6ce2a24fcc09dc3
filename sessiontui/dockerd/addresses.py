"""Where a container engine may answer.

``DOCKER_HOST``, else the current context of the docker CLI (``DOCKER_CONTEXT`` or ``currentContext``
of its configuration), else the first socket that answers of the usual ones: the system's Docker, a
rootless Docker, Podman.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sessiontui.dockerd.errors import START_HINT, translated
from sessiontui.domain.errors import EngineDenied, EngineError, EngineUnreachable

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Address:
    """One place an engine may answer at."""

    url: str
    named_by: str
    """What names it: ``DOCKER_HOST``, ``context NAME`` or ``socket``."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """What else the SDK's client needs (TLS)."""

    @property
    def socket(self) -> str | None:
        """The path of the unix socket it is, None for another kind of address."""
        return self.url.removeprefix("unix://") if self.url.startswith("unix://") else None

    def cli_options(self) -> list[str]:
        """Options that point the docker CLI to the same engine."""
        if self.named_by == "DOCKER_HOST":
            return []
        if self.named_by.startswith("context "):
            return ["--context", self.named_by.removeprefix("context ")]
        return ["-H", self.url]


def candidates(environ: Mapping[str, str]) -> list[Address]:
    """The addresses to try, in order. One that a person named is the only one."""
    named = environ.get("DOCKER_HOST", "")
    if named.startswith("unix://"):
        return [Address(named, "DOCKER_HOST")]
    if named:
        from docker.utils import kwargs_from_env

        return [Address(named, "DOCKER_HOST", kwargs_from_env(environment=dict(environ)))]
    if _names_a_context(environ) and (address := _of_context(environ)) is not None:
        return [address]
    runtime = environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    sockets = [
        "/var/run/docker.sock",
        f"{runtime}/docker.sock",
        f"{runtime}/podman/podman.sock",
        "/run/podman/podman.sock",
    ]
    return [Address(f"unix://{path}", "socket") for path in sockets]


def _names_a_context(environ: Mapping[str, str]) -> bool:
    """Whether a docker context may be chosen; where it is unclear the SDK finds out."""
    if environ.get("DOCKER_CONTEXT"):
        return True
    home = environ.get("DOCKER_CONFIG") or Path(environ.get("HOME") or "~").expanduser() / ".docker"
    try:
        settings = json.loads(Path(home, "config.json").read_bytes())
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True
    return not isinstance(settings, dict) or settings.get("currentContext", "default") != "default"


def _of_context(environ: Mapping[str, str]) -> Address | None:
    """The address of the chosen context; None where that is the default one."""
    import docker.errors
    from docker.context import ContextAPI

    named = environ.get("DOCKER_CONTEXT")
    try:
        if named and named != "default" and ContextAPI.get_context(named) is None:
            raise EngineUnreachable(
                f"there is no docker context {named!r} (DOCKER_CONTEXT)", "see: docker context ls"
            )
        found = ContextAPI.kwargs_from_context(environment=dict(environ))
        name = named or ContextAPI.get_current_context().Name
    except (docker.errors.DockerException, OSError, ValueError) as error:
        raise EngineUnreachable(
            f"the docker context cannot be read: {error}", "see: docker context ls"
        ) from error
    if found.get("base_url") and name != "default":
        return Address(found["base_url"], f"context {name}", found)
    return None


def first_that_answers(environ: Mapping[str, str], open_one: Callable[[Address], _T]) -> _T:
    """What ``open_one`` makes of the first candidate that it can open.

    Raises EngineUnreachable naming everything that was tried; EngineDenied when a socket is there
    and may not be opened.
    """
    denied: EngineDenied | None = None
    tried = []
    for address in candidates(environ):
        path = address.url.removeprefix("unix://")
        if address.named_by == "socket" and not os.path.exists(path):  # noqa: PTH110
            tried.append(f"{path} (not there)")
            continue
        try:
            with translated(f"engine at {address.url}"):
                return open_one(address)
        except ValueError as error:
            raise EngineUnreachable(
                f"{address.url} is no address of an engine: {error} (named by {address.named_by})",
                "see: docker context ls, and the variable DOCKER_HOST",
            ) from error
        except EngineDenied as error:
            denied = denied or error
            tried.append(f"{address.url} (not permitted)")
        except EngineError as error:
            if address.named_by != "socket":
                raise EngineUnreachable(
                    f"{error.message} (named by {address.named_by})", error.hint
                ) from error
            tried.append(f"{path} (does not answer)")
    if denied is not None:
        raise denied
    raise EngineUnreachable(f"no container engine answers: tried {', '.join(tried)}", START_HINT)


def is_here(address: Address, info: Mapping[str, Any]) -> bool:
    """Whether the engine runs on this machine: a unix socket, the same host name, the same kernel.

    A forwarded socket or a desktop's virtual machine fails the last two.
    """
    return (
        address.socket is not None
        and info.get("Name") == socket.gethostname()
        and info.get("KernelVersion") == os.uname().release
    )
