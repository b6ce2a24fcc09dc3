"""Opens the client of the container engine and turns its foreign errors into ours, here and nowhere else.

Where the engine is: ``DOCKER_HOST``, else the current context of the docker CLI (``DOCKER_CONTEXT`` or
``currentContext`` of its configuration), else the first socket that answers of the usual ones: the
system's Docker, a rootless Docker, Podman.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import docker
import docker.errors
import requests
import urllib3.exceptions
from docker.context import ContextAPI
from docker.types import CancellableStream
from docker.utils import kwargs_from_env

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import (
    DiskFull,
    EngineDenied,
    EngineError,
    EngineUnreachable,
    ImageUnavailable,
    SessionGone,
    SessiontuiError,
)

_T = TypeVar("_T")

TIMEOUT = 20
"""Seconds until an engine that does not answer counts as unreachable."""

START_HINT = "start or install it with: sessiontui setup (what was looked at: sessiontui doctor)"


@dataclass(frozen=True, slots=True)
class Address:
    """One place an engine may answer at."""

    url: str
    named_by: str
    """What names it: ``DOCKER_HOST``, ``context NAME`` or ``socket``."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """What else the SDK's client needs (TLS)."""

    def cli_options(self) -> list[str]:
        """Options that point the docker CLI to the same engine."""
        if self.named_by == "DOCKER_HOST":
            return []
        if self.named_by.startswith("context "):
            return ["--context", self.named_by.removeprefix("context ")]
        return ["-H", self.url]


@dataclass(frozen=True, slots=True)
class Connection:
    """An open client and where it leads."""

    client: docker.APIClient
    address: Address
    patient: docker.APIClient
    """One that waits without end: for :func:`patiently` only."""

    def close(self) -> None:
        """Close what nobody uses at the moment."""
        self.client.close()
        self.patient.close()


def candidates(environ: Mapping[str, str]) -> list[Address]:
    """The addresses to try, in order. One that a person named is the only one."""
    if environ.get("DOCKER_HOST"):
        parameters = kwargs_from_env(environment=dict(environ))
        return [Address(environ["DOCKER_HOST"], "DOCKER_HOST", parameters)]
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
        return [Address(found["base_url"], f"context {name}", found)]
    runtime = environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    sockets = [
        "/var/run/docker.sock",
        f"{runtime}/docker.sock",
        f"{runtime}/podman/podman.sock",
        "/run/podman/podman.sock",
    ]
    return [Address(f"unix://{path}", "socket") for path in sockets]


def connect(environ: Mapping[str, str], timeout: float = TIMEOUT) -> Connection:
    """A client of the first engine that answers.

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
                client = _client(address, "auto", timeout)
                patient = _client(address, client.api_version, None)
        except EngineDenied as error:
            denied = denied or error
            tried.append(f"{address.url} (not permitted)")
        except EngineError as error:
            if address.named_by != "socket":
                raise EngineUnreachable(
                    f"{error.message} (named by {address.named_by})", error.hint
                ) from error
            tried.append(f"{path} (does not answer)")
        else:
            return Connection(client, address, patient)
    if denied is not None:
        raise denied
    raise EngineUnreachable(f"no container engine answers: tried {', '.join(tried)}", START_HINT)


def _client(address: Address, version: str, timeout: float | None) -> docker.APIClient:
    parameters = {"base_url": address.url, **address.parameters}
    return docker.APIClient(version=version, timeout=cast("int", timeout), use_ssh_client=True, **parameters)


@contextmanager
def translated(subject: str, *, gone: bool = False) -> Iterator[None]:
    """Turn what the SDK and its HTTP library raise into our errors, most specific first.

    ``subject`` names what the call is about; ``gone`` says that a missing one is a SessionGone.
    """
    try:
        yield
    except SessiontuiError:
        raise
    except docker.errors.ImageNotFound as error:
        raise ImageUnavailable(f"{subject}: {error.explanation}", "check the image's name") from error
    except docker.errors.NotFound as error:
        if gone:
            raise SessionGone(f"{subject} is gone", "it was deleted meanwhile") from error
        raise EngineError(f"{subject}: {_explanation(error)}") from error
    except docker.errors.APIError as error:
        explanation = _explanation(error)
        if disk_is_full(explanation):
            raise disk_full(subject) from error
        if gone and "marked for removal" in explanation:
            raise SessionGone(f"{subject} is gone", "it is being deleted") from error
        raise EngineError(f"{subject}: {explanation}") from error
    except requests.exceptions.Timeout as error:
        raise EngineUnreachable(
            f"{subject}: the engine did not answer in time", "it may be overloaded; this is tried again"
        ) from error
    except (
        requests.exceptions.RequestException,
        urllib3.exceptions.HTTPError,
        docker.errors.DockerException,
        OSError,
    ) as error:
        raise _unreachable(subject, error) from error


def disk_is_full(explanation: str) -> bool:
    """Whether the engine's words mean a full disk."""
    return "no space left on device" in explanation.lower() or "disk quota exceeded" in explanation.lower()


def disk_full(subject: str) -> DiskFull:
    """The error for a full disk."""
    return DiskFull(
        f"{subject}: no space is left where the engine keeps its data",
        "make room (docker system df shows what takes it), then try again",
    )


def patiently(
    connection: Connection,
    work: Callable[[docker.APIClient], _T],
    *,
    cancellation: Cancellation | None = None,
    abandon: Callable[[_T], object] = lambda _: None,
) -> _T:
    """The result of ``work``, waited for as long as the engine answers a ping in between.

    For what may rightly take minutes (removing a big home) and for what the SDK would wait for
    without end (a command inside). Work that is given up, since the engine is silent or the person
    cancels, goes on in a thread of its own; what it still brings is given to ``abandon``.

    Raises Cancelled, and requests' and the SDK's errors: call it inside :func:`translated`.
    """
    outcome: Future[_T] = Future()

    def run() -> None:
        try:
            outcome.set_result(work(connection.patient))
        except BaseException as error:  # noqa: BLE001 # carried over to whoever waits
            outcome.set_exception(error)

    threading.Thread(target=run, name="patient", daemon=True).start()
    asked = time.monotonic()
    try:
        while not wait([outcome], TIMEOUT if cancellation is None else 0.1).done:
            if cancellation is not None:
                cancellation.check()
            if time.monotonic() - asked >= TIMEOUT:
                connection.client.ping()
                asked = time.monotonic()
    except BaseException:
        outcome.add_done_callback(lambda late: late.exception() or abandon(late.result()))
        raise
    return outcome.result()


def break_off(stream: CancellableStream[Any]) -> None:
    """End a stream that another thread reads. One that has ended already stays as it is.

    Over ssh the SDK cannot: the stream then ends with its next word.
    """
    with suppress(OSError, AttributeError, UnboundLocalError, docker.errors.DockerException):
        stream.close()


def json_stream(
    connection: Connection,
    path: str,
    *,
    parameters: Mapping[str, str],
    data: object = None,
    headers: Mapping[str, str] | None = None,
    cancellation: Cancellation,
) -> Iterator[dict[str, Any]]:
    """POST and yield the JSON objects of the answer as they come, until the end or a cancellation.

    The SDK's own streams cannot be closed from another thread; this one can.
    Raises Cancelled, and requests' and the SDK's errors: call it inside :func:`translated`.
    """

    def ask(client: docker.APIClient) -> requests.Response:
        return client.post(
            f"{client.base_url}/v{client.api_version}{path}",
            params=dict(parameters),
            data=cast("Any", data),
            headers=dict(headers or {}),
            stream=True,
            timeout=(TIMEOUT, None),
        )

    # An engine that asks a registry is silent until the registry answers.
    response = patiently(connection, ask, cancellation=cancellation, abandon=lambda answer: answer.close())
    stream = CancellableStream(iter(()), response)
    with response, cancellation.breaking(lambda: break_off(stream)):
        if response.status_code >= 400:
            try:
                response.raise_for_status()
            except requests.exceptions.HTTPError as error:
                docker.errors.create_api_error_from_http_exception(error)
        rest = b""
        for chunk in response.iter_content(None):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line.strip():
                    yield json.loads(line)
        if rest.strip():
            yield json.loads(rest)


def is_here(address: Address, info: Mapping[str, Any]) -> bool:
    """Whether the engine runs on this machine: a unix socket, the same host name, the same kernel.

    A forwarded socket or a desktop's virtual machine fails the last two.
    """
    return (
        address.url.startswith("unix://")
        and info.get("Name") == socket.gethostname()
        and info.get("KernelVersion") == os.uname().release
    )


def _explanation(error: docker.errors.APIError) -> str:
    return str(error.explanation or error)


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
