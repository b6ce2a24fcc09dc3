"""What is inside the sessions that :class:`~sessiontui.engine.memory.MemoryEngine` plays."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from sessiontui.domain.environment import App, AppPhase, AppState
from sessiontui.domain.errors import AppFailed, EngineError, EngineUnreachable, SessionGone, StartFailed
from sessiontui.domain.session import Phase, Session
from sessiontui.engine.files import SCRIPT
from sessiontui.engine.memory_files import PlayedFiles
from sessiontui.engine.memory_pipe import MemoryPipe
from sessiontui.engine.port import Outcome, Pipe


class MemoryInside:
    """The part of the engine port that needs a session's container; and the sessions there are."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        pause: Callable[[float], object] = lambda seconds: None,
    ) -> None:
        self._now = now
        self._pause = pause
        self._sessions: dict[str, Session] = {}
        self._served: dict[str, dict[str, str]] = {}
        """The servers that run, by session, each with what it was started with."""
        self._ended: dict[tuple[str, str], str] = {}
        """Why a server failed, by session and name."""
        self._answers: dict[tuple[str, str], str] = {}
        self._files: dict[str, dict[str, bytes]] = {}
        self._variables: dict[str, dict[str, str]] = {}
        """What programs of a session find in their environment."""
        self._played: dict[str, PlayedFiles] = {}
        self._copied: list[str] = []
        """The sessions whose remains are being read."""
        self._lock = threading.RLock()
        self._down = False
        self.attendants: dict[str, MemoryPipe] = {}
        """Those asked for so far, by the name of their entry."""
        self.failing: dict[str, EngineError] = {}
        """Errors raised by step (``pull build create start stop save copy delete`` or the name of an app)."""
        self.answering: dict[int, Outcome | None] = {}
        """What is said by ports of any session that the person serves themselves; None: an echo."""

    def write_file(self, session_id: str, path: str, content: bytes) -> None:
        """A file appears in the session."""
        with self._lock:
            self._files.setdefault(session_id, {})[path] = content

    def offers(self, session: Session) -> tuple[App, ...]:
        """See the port."""
        return self._find_running(session).apps

    def serve(self, session: Session, app: App, *, answer: str | None = None, base: str = "") -> None:
        """See the port."""
        current = self._find_running(session)
        key = (current.id, app.server)
        if app.question:
            answer = self._answers.get(key, app.answer) if answer is None else answer
        with self._lock:
            served = self._served.setdefault(current.id, {})
            started_with = f"{answer or ''} {base}"
            if served.get(app.server) == started_with:
                return
            served.pop(app.server, None)
        self._pause(1.0)
        self._ended[key] = f"{app.label} ended before it opened its port"
        self._answers[key] = answer or ""
        self._fail(app.name)
        if app.command.endswith(("false", "exit 1")):
            raise AppFailed(self._ended[key], output="false: exit code 1")
        del self._ended[key]
        served[app.server] = started_with

    def app_states(self, session: Session, apps: Sequence[App]) -> Mapping[str, AppState]:
        """See the port."""
        current = self._find_running(session)
        with self._lock:
            served = self._served.get(current.id, {})
            return {
                app.name: AppState(
                    AppPhase.RUNNING
                    if app.server in served
                    else (AppPhase.FAILED if (current.id, app.server) in self._ended else AppPhase.STOPPED),
                    "" if app.server in served else self._ended.get((current.id, app.server), ""),
                    self._answers.get((current.id, app.server), app.answer) if app.question else "",
                )
                for app in apps
            }

    def end_app(self, session: Session, app: App) -> None:
        """See the port."""
        current = self._find_running(session)
        self._fail(f"end {app.name}")
        with self._lock:
            self._served.get(current.id, {}).pop(app.server, None)
            self._ended.pop((current.id, app.server), None)

    def app_output(self, session: Session, app: App) -> str:
        """See the port."""
        current = self._find_running(session)
        with self._lock:
            served = app.server in self._served.get(current.id, {})
            failed = (current.id, app.server) in self._ended
        return f"{app.label} listens on port {app.port}" if served else "exit code 1" if failed else ""

    def run(
        self, session: Session, command: Sequence[str], *, env: Mapping[str, str] | None = None
    ) -> Outcome:
        """See the port. Knows ``true``, ``false``, ``echo``, ``printenv`` and ``cat``."""
        current = self._find_running(session)
        match list(command):
            case ["true"]:
                return Outcome(0, b"")
            case ["false"]:
                return Outcome(1, b"")
            case ["echo", *words]:
                return Outcome(0, " ".join(words).encode() + b"\n")
            case ["printenv", name] if name in self._variables.get(current.id, {}):
                return Outcome(0, self._variables[current.id][name].encode() + b"\n")
            case ["cat", path] if path in self._files[current.id]:
                return Outcome(0, self._files[current.id][path])
            case _:
                return Outcome(127, b"", b"not found\n")

    def files(self, session_id: str) -> PlayedFiles:
        """What stands for the session's home where files are listed and copied."""
        with self._lock:
            return self._played.get(session_id) or self._played.setdefault(session_id, PlayedFiles())

    def pipe(self, session: Session, command: Sequence[str]) -> Pipe:
        """See the port. Knows what ``run`` knows, ``cat`` of its input, and the script about files."""
        self._find_running(session)
        if list(command[:2]) == ["/bin/sh", SCRIPT]:
            return self.files(session.id).pipe(command[2:])
        if list(command) == ["cat"]:
            return MemoryPipe(None)
        return MemoryPipe(self.run(session, command))

    def dial(self, session: Session, port: int) -> MemoryPipe:
        """See the port. An app that was started gives back what it gets, as :attr:`answering` says else."""
        current = self._find_running(session)
        with self._lock:
            served = self._served.get(current.id, {})
            if any(app.port == port for app in current.apps if app.server in served):
                return MemoryPipe(None)
            if port in self.answering:
                return MemoryPipe(self.answering[port])
        raise EngineError(f"{session.name}: nothing listens on port {port}", "start what serves it first")

    def shells(self, session: Session) -> tuple[str, ...]:
        """See the port."""
        self._find_running(session)
        return ("/bin/bash", "/bin/sh")

    def shell(
        self,
        session: Session,
        command: Sequence[str] = (),
        *,
        terminal: str | None = "xterm",
        program: str = "",
        entry: str = "",
    ) -> list[str]:
        """See the port. The shell is this machine's own."""
        current = self._find_running(session)
        if command:
            return list(command)
        return [program or "/bin/sh", "-i", "-s", current.name]

    def attend(self, session: Session, entry: str) -> MemoryPipe:
        """See the port. Nothing happens to the shell; what is written can be read back."""
        self._find_running(session)
        self.attendants[entry] = MemoryPipe(None)
        return self.attendants[entry]

    def read_file(self, session: Session, path: str) -> bytes:
        """See the port."""
        current = self._find(session)
        try:
            return self._files[current.id][path]
        except KeyError:
            raise EngineError(f"{session.name} has no file {path}") from None

    def secret(self, session: Session) -> str:
        """See the port."""
        return f"secret-of-{self._find(session).id}"

    def _answer(self) -> None:
        if self._down:
            raise unreachable()

    def _fail(self, step: str) -> None:
        if step in self.failing:
            error = self.failing[step]
            if step == "start" and not isinstance(error, StartFailed):
                raise StartFailed(error.message, error.hint)
            raise error

    def _find(self, session: Session) -> Session:
        self._answer()
        with self._lock:
            if session.id not in self._sessions:
                raise SessionGone(f"{session.name} is gone", "somebody deleted it meanwhile")
            return self._sessions[session.id]

    def _find_running(self, session: Session) -> Session:
        current = self._find(session)
        if current.phase is not Phase.RUNNING:
            raise EngineError(f"{session.name} {current.phase.said}", "start it first")
        return current


def unreachable() -> EngineUnreachable:
    """What every call raises while the engine is down."""
    return EngineUnreachable("nothing answers at memory://", "start the engine")
