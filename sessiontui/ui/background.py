"""Runs what blocks outside the event loop, without ever holding up the way out."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_background(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Await a blocking call that runs in a thread of its own.

    The thread is a daemon: an engine that never answers cannot keep the program from ending, as a
    thread of the loop's own pool would, and any number of calls can wait at once.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if outcome.cancelled():
            return
        if error is None:
            outcome.set_result(result)  # type: ignore[arg-type] # None only where T is None
        else:
            outcome.set_exception(error)

    def run() -> None:
        result: T | None = None
        failure: BaseException | None = None
        try:
            result = work(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 # carried over to whoever awaits
            failure = error
        # A loop that is closed by now has nobody left who waits.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name=getattr(work, "__qualname__", "work"), daemon=True).start()
    return await outcome
