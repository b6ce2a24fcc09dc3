"""The SDK's client of the container engine, and the waits it lacks."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import docker
import docker.errors
import requests
from docker.types import CancellableStream

from sessiontui import dockerd
from sessiontui.dockerd.addresses import Address
from sessiontui.dockerd.errors import BrokenAnswerError
from sessiontui.domain.cancellation import Cancellation

_T = TypeVar("_T")


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


def connect(address: Address, timeout: float) -> Connection:
    """A client of the engine at that address that waits that many seconds for an answer.

    Raises requests' and the SDK's errors: call it inside ``translated``.
    """
    client = _client(address, "auto", timeout)
    return Connection(client, address, _client(address, client.api_version, None))


def _client(address: Address, version: str, timeout: float | None) -> docker.APIClient:
    parameters = {"base_url": address.url, **address.parameters}
    return docker.APIClient(version=version, timeout=cast("int", timeout), use_ssh_client=True, **parameters)


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
        while not wait([outcome], dockerd.TIMEOUT if cancellation is None else 0.1).done:
            if cancellation is not None:
                cancellation.check()
            if time.monotonic() - asked >= dockerd.TIMEOUT:
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


def post_json(client: docker.APIClient, path: str, body: object) -> object:
    """POST what the SDK has no call for; the answer's JSON. Raises requests' and the SDK's errors."""
    response = client.post(f"{client.base_url}/v{client.api_version}{path}", json=body)
    try:
        response.raise_for_status()
    except requests.exceptions.HTTPError as error:
        docker.errors.create_api_error_from_http_exception(error)
    answer: object = response.json()
    return answer


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
            timeout=(dockerd.TIMEOUT, None),
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
                    yield _object(line)
        if rest.strip():
            yield _object(rest)


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BrokenAnswerError("the engine's answer cannot be read") from error
    if not isinstance(found, dict):
        raise BrokenAnswerError("what it answers is not what a container engine says")
    return found
