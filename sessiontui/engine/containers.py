"""The life of one container by its id: created, filled, started, asked, removed."""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from sessiontui.dockerd.errors import disk_full, disk_is_full, translated
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import (
    Cancelled,
    EngineError,
    EngineUnreachable,
    ImageUnavailable,
    NameTaken,
    SessionGone,
    StartFailed,
)
from sessiontui.domain.folder import HOME
from sessiontui.domain.launch import Order
from sessiontui.engine.holders import containers_with, named, processes_with, stuck_processes
from sessiontui.engine.link import Link
from sessiontui.engine.payload import SESSION_DIRECTORY, container_name, home_volume, session_volume
from sessiontui.engine.phases import KILLED_CODE
from sessiontui.engine.port import Outcome
from sessiontui.engine.start_errors import taken_port, why_not_started
from sessiontui.engine.text import plain
from sessiontui.engine.upload import session_archive

READY_SECONDS = 90
"""How long a started session may take to prepare itself."""

KILL_SECONDS = 15
"""How long a session that is ended by force may take before its processes are looked at."""

KILL_LOOKS = 4
"""Looks after which one is given up that is held by nothing that can be seen."""

REMOVE_SECONDS = 600
"""How long a removal that somebody else began may take."""

END_SECONDS = 5
"""How long the engine may take to know that a container ended."""

REMOVAL_SECONDS = 2
"""How long what was ended by force may be about to be removed."""

READY = f"{SESSION_DIRECTORY}/ready"
"""Made by each start of a session once it is prepared, and removed by the next."""

OUTPUT_KEPT = 8000
"""Bytes kept of what a program printed before it failed."""


_BUSY = re.compile(r"(/[^\s:]+): device or resource busy")
"""How the engine names the directory that it could not take away."""


_RUNS = re.compile("force remove|without force|must be unpaused")
"""How an engine refuses to remove what runs: Docker's words of several versions, and Podman's."""


class PortInUseError(Exception):
    """Somebody else was quicker with a port; says which."""


class Containers:
    """Steps on containers, for any thread. ``name`` is the session's, for errors.

    All raise EngineError and its like, SessionGone where the container is missing.
    """

    def __init__(self, link: Link) -> None:
        self._link = link

    def create(self, order: Order, payload: Mapping[str, Any]) -> str:
        """Create the order's container and home; the container's id. Raises NameTaken, StartFailed,
        ImageUnavailable, DiskFull.
        """
        try:
            with translated(order.name):
                created = self._link.patiently(
                    lambda client: client.create_container_from_config(payload, container_name(order))
                )
        except ImageUnavailable as error:
            raise ImageUnavailable(f"{order.image} is no longer on the engine", "launch again") from error
        except EngineError as error:
            if "is already in use by" in error.message:
                raise NameTaken(
                    f"{order.name} is taken: a container is called {container_name(order)}",
                    "choose another name",
                ) from error
            raise _start_error(order.name, error) from error
        return str(created["Id"])

    def upload(self, name: str, container_id: str, variables: Sequence[tuple[str, str]] = ()) -> None:
        """Put our files, a new secret and secret variables into a container that has not started."""
        archive = session_archive(secrets.token_urlsafe(24), variables)
        with translated(name, gone=True):
            self._link.patiently(lambda client: client.put_archive(container_id, "/", archive))

    def start(self, name: str, container_id: str) -> None:
        """Start it. Raises PortInUseError, StartFailed, DiskFull."""
        try:
            with translated(name, gone=True):
                self._link.patiently(lambda client: client.start(container_id))
        except (SessionGone, EngineUnreachable):
            raise
        except EngineError as error:
            if (port := taken_port(error.message)) is not None:
                raise PortInUseError(port) from error
            raise _start_error(name, error) from error

    def wait_ready(self, name: str, container_id: str, cancellation: Cancellation) -> None:
        """Wait until the start-up script is done. Raises StartFailed with its last words, Cancelled."""
        command = ["/bin/sh", f"{SESSION_DIRECTORY}/ready.sh", "1"]
        for _ in range(READY_SECONDS):
            cancellation.check()
            try:
                outcome = self.execute(name, container_id, command, user="0")
            except EngineUnreachable:
                raise
            except EngineError:
                if self._was_ready(name, container_id):
                    return
                break
            if outcome.exit_code == 0:
                return
            with translated(name, gone=True):
                state = self._link.client.inspect_container(container_id)["State"]
            if state["Status"] != "running":
                if self._was_ready(name, container_id):
                    return
                break
        self._await_removal(name, container_id)
        with translated(name, gone=True):
            output = last_words(self._link.client.logs(container_id, tail=15))
        if disk_is_full(output):
            raise disk_full(name)
        raise StartFailed(
            f"{name} did not come up: {reason_in(output)}", "the image may lack what a session needs"
        )

    def _await_removal(self, name: str, container_id: str) -> None:
        """Raise SessionGone where somebody deletes it: that ends it by force, a moment before it is gone."""
        end = time.monotonic() + REMOVAL_SECONDS
        while time.monotonic() < end:
            with translated(name, gone=True):
                state = self._link.client.inspect_container(container_id)["State"]
            if state["Status"] == "running" or state.get("ExitCode") != KILLED_CODE or state.get("OOMKilled"):
                return
            time.sleep(0.1)

    def await_end(self, name: str, container_id: str) -> None:
        """Wait until the engine knows that a container ended, a few seconds at most.

        What ran in it is cut off a moment before.
        """
        end = time.monotonic() + END_SECONDS
        while time.monotonic() < end:
            with translated(name, gone=True):
                state = self._link.client.inspect_container(container_id)["State"]
            if state["Status"] != "running":
                return
            time.sleep(0.1)

    def _was_ready(self, name: str, container_id: str) -> bool:
        """Whether a container that ended was prepared in this start: a command may take a moment only."""
        with translated(name, gone=True):
            if not self._link.client.inspect_container(container_id)["Config"]["Cmd"]:
                return False
        try:
            with translated(name):
                self._link.client.get_archive(container_id, READY)[0].close()
        except EngineError:
            return False
        return True

    def remove(self, name: str, container_id: str, *, running: bool = True) -> None:
        """Remove it with its anonymous volumes; somebody may be at it already.

        Without ``running``, one that runs stays as it is: raises EngineError.
        """
        if running:
            with suppress(SessionGone):
                self.kill(name, container_id)
        with translated(name, gone=True):
            import docker.errors

            try:
                self._link.patiently(
                    lambda client: client.remove_container(container_id, v=True, force=running)
                )
            except docker.errors.APIError as error:
                words = str(error.explanation)
                if not running and _RUNS.search(words):
                    raise EngineError(
                        f"{name} was started meanwhile, and runs", "to delete it all the same, delete it now"
                    ) from error
                if "busy" in words:
                    raise self._held(name, words) from error
                if "already in progress" not in words:
                    raise
                self._wait_removed(name, container_id)

    def remove_home(self, session_id: str) -> bool:
        """Remove a session's home and our files beside it; False when there is no home.

        Raises EngineError when it is held.
        """
        # The home goes last: by what it is called, what is left of a session is found.
        with suppress(SessionGone), translated("its own files", gone=True):
            self._link.patiently(lambda client: client.remove_volume(session_volume(session_id)))
        try:
            with translated("its home", gone=True):
                self._link.patiently(lambda client: client.remove_volume(home_volume(session_id)))
        except SessionGone:
            return False
        except EngineError as error:
            if "in use" not in error.message:
                raise
            volume = home_volume(session_id)
            names = containers_with(self._link, volume)
            holds = f" ({named(names)})" if names else ""
            raise EngineError(
                f"another container uses its home, which is kept{holds}",
                f"remove that one first; see which: docker ps -a --filter volume={volume}",
            ) from error
        return True

    def kill(self, name: str, container_id: str) -> None:
        """End it by force; one that does not run stays as it is. Raises EngineError with what holds it.

        The engine itself waits without end for a process that cannot be ended.
        """
        for _ in range(KILL_LOOKS):
            if self._kill_within(KILL_SECONDS, name, container_id):
                return
            if stuck := stuck_processes(self._link, container_id):
                raise _undying(name, stuck)
        raise _undying(name, "a process in it hears no signal")

    def _kill_within(self, seconds: float, name: str, container_id: str) -> bool:
        """Whether it ended by then."""
        patience = Cancellation()
        timer = threading.Timer(seconds, patience.request)
        timer.daemon = True
        timer.start()
        try:
            with translated(name, gone=True):
                self._link.patiently(lambda client: client.kill(container_id), patience)
        except Cancelled:
            return False
        except EngineError as error:
            words = error.message.lower()
            if "could not kill" in words or "did not receive an exit" in words:
                return False
            # Docker's words and Podman's.
            if "is not running" not in words and "state improper" not in words:
                raise
        finally:
            timer.cancel()
        return True

    def _held(self, name: str, words: str) -> EngineError:
        """What the engine says of a container whose files are in use, with who uses them."""
        busy = _BUSY.search(words)
        if busy is None:
            return EngineError(
                f"{name}: {plain(words).strip()}", "delete it again; the engine's log says more"
            )
        path = plain(busy[1])
        found = processes_with(path) if self._link.here else ()
        holds = f": {named(found)}" if found else ""
        return EngineError(
            f"{name} cannot be removed: its files are in use{holds}",
            f"end what uses {path}, then delete it again; as root, "
            f"grep -l {path} /proc/[0-9]*/mountinfo finds it",
        )

    def _wait_removed(self, name: str, container_id: str) -> None:
        end = time.monotonic() + REMOVE_SECONDS
        while time.monotonic() < end:
            try:
                with translated(name, gone=True):
                    state = self._link.client.inspect_container(container_id)["State"]
            except SessionGone:
                return
            if state["Status"] == "dead":
                break
            time.sleep(0.2)
        stuck = stuck_processes(self._link, container_id)
        why = f": {stuck}" if stuck else ""
        raise EngineError(f"{name} is being removed and does not go{why}", "the engine's log says more")

    def execute(
        self,
        name: str,
        container_id: str,
        command: Sequence[str],
        *,
        user: str = "work",
        env: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Run a command to its end in the container's home, without a terminal."""
        with translated(name, gone=True):
            created = self._link.client.exec_create(
                container_id,
                list(command),
                user=user,
                workdir=HOME,
                environment=dict(env) if env else None,
            )
            output, errors = self._link.patiently(lambda client: client.exec_start(created["Id"], demux=True))
            code = self._link.client.exec_inspect(created["Id"])["ExitCode"]
        if code is None:
            raise EngineError(f"{name}: the command was cut off", "the session may have ended")
        return Outcome(int(code), output or b"", errors or b"")


def _undying(name: str, holder: str) -> EngineError:
    return EngineError(
        f"{name} does not end: {holder}",
        "it ends once that goes on, so see to what it waits for (a disk, a network share or a GPU that "
        "does not answer); else only a reboot of the machine ends it",
    )


def last_words(output: bytes) -> str:
    """The end of what a program in a session printed: no terminal obeys it, no screen is flooded."""
    return plain(output[-OUTPUT_KEPT:].decode(errors="replace")).strip()


def reason_in(output: str) -> str:
    """The last line, which is ours where we had something to say."""
    last = output.splitlines()[-1] if output else "it printed nothing"
    return last.removeprefix("sessiontui: ")[:300]


def _start_error(name: str, error: EngineError) -> EngineError:
    """What the engine says of a create or start that it refuses, for a person."""
    if type(error) not in (EngineError, ImageUnavailable):
        return error
    words = error.message.removeprefix(f"{name}: ")
    message, hint = why_not_started(words)
    if not hint:
        return StartFailed(error.message, error.hint)
    return StartFailed(f"{name}: {message}", hint)
