"""A dashboard that is killed in the middle of what it does, at a counted request: a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sessiontui.domain.launch import Order
from sessiontui.domain.session import Session


@dataclass(frozen=True)
class Death:
    """When it comes: at that request to the engine, counted from 0, so many seconds after it is sent.

    None: once it is answered.
    """

    request: int
    seconds: float | None = None


def killed(environ: Mapping[str, str], verb: str, subject: Order | Session, death: Death, home: Path) -> bool:
    """Do that verb of the engine port in a process that dies so; whether it died before its end.

    ``rescue`` saves the session's files in the folder ``saved`` below ``home/folders``, and deletes it.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [__name__, "tests.contract.test_property", "sessiontui.engine.docker", "sessiontui.dockerd.client"]
    )
    process = context.Process(target=_do, args=(dict(environ), verb, subject, death, home))
    process.start()
    process.join(60)
    assert process.exitcode in (0, 1, -signal.SIGKILL), process.exitcode
    return process.exitcode == -signal.SIGKILL


def _do(environ: Mapping[str, str], verb: str, subject: Any, death: Death, home: Path) -> None:
    from sessiontui.domain.cancellation import Cancellation
    from sessiontui.domain.errors import SessiontuiError
    from sessiontui.engine.docker import DockerEngine

    _die_at(death)
    engine = DockerEngine(environ)
    try:
        if verb == "launch":
            engine.launch(subject, lambda _: None, Cancellation())
        elif verb == "rescue":
            from tests.contract.conftest import Bench
            from tests.contract.test_property import ports_of, save

            save(ports_of(Bench(engine, "", home, real=True)), subject)
        else:
            getattr(engine, verb)(subject)
    except SessiontuiError:
        os._exit(1)
    os._exit(0)


def _die_at(death: Death) -> None:
    """Have the SDK's requests counted from here on."""
    import requests

    send: Callable[..., requests.Response] = requests.Session.send
    count = 0

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def counted(self: requests.Session, *arguments: Any, **more: Any) -> requests.Response:
        nonlocal count
        this, count = count, count + 1
        if this == death.request and death.seconds is not None:
            threading.Timer(death.seconds, die).start()
        answer = send(self, *arguments, **more)
        if this == death.request:
            die()
        return answer

    requests.Session.send = counted  # type: ignore[method-assign]
