"""What is done inside a running session on Docker: commands, apps, files, the shell, the log."""

from __future__ import annotations

import io
import shlex
import shutil
import tarfile
from collections.abc import Mapping, Sequence

from sessiontui.dockerd.errors import translated
from sessiontui.domain.detach_keys import DETACH_KEYS, readable_chord
from sessiontui.domain.environment import App, AppPhase, AppState
from sessiontui.domain.errors import AppFailed, EngineError, HostError, SessionGone
from sessiontui.domain.folder import HOME
from sessiontui.domain.session import Session
from sessiontui.engine.app_states import LONGEST_OUTPUT, parse_states, plain_lines
from sessiontui.engine.containers import Containers, last_words, reason_in
from sessiontui.engine.dialled import Dialled, dialled
from sessiontui.engine.link import Link
from sessiontui.engine.payload import SESSION_DIRECTORY
from sessiontui.engine.pipe import DockerPipe
from sessiontui.engine.port import Outcome
from sessiontui.engine.shells import FIND_SHELLS, parse_shells
from sessiontui.engine.streams import DockerLog

SMALL_FILE = 1024 * 1024
"""The most bytes read of a file of a session: what is in it is a stranger's."""

_NO_SUCH_SCRIPT = frozenset((2, 127))
"""How shells end that were to run a script that is not there."""


class DockerInside:
    """The part of :class:`sessiontui.engine.port.Engine` that needs a session's container."""

    def __init__(self, link: Link, environ: Mapping[str, str], keys: str = DETACH_KEYS) -> None:
        self._link = link
        self._environ = environ
        self._detach_keys = keys
        self._containers = Containers(link)

    def offers(self, session: Session) -> tuple[App, ...]:
        """See the port."""
        asked = [app for app in session.apps if app.needs]
        lines = [
            f"if (eval {shlex.quote(app.needs)}) </dev/null >/dev/null 2>&1; then echo {number}; fi"
            for number, app in enumerate(asked)
        ]
        found: set[str] = set()
        if lines:
            outcome = self.run(session, ["/bin/sh", "-c", "\n".join(lines)])
            numbers = outcome.output.split()
            found = {app.name for number, app in enumerate(asked) if str(number).encode() in numbers}
        return tuple(app for app in session.apps if not app.needs or app.name in found)

    def serve(self, session: Session, app: App, *, answer: str | None = None, base: str = "") -> None:
        """See the port."""
        seconds = str(max(1, int(app.timeout)))
        told = {
            "SESSIONTUI_COMMAND": app.command or "echo 'this app has no command' >&2; exit 1",
            "SESSIONTUI_READY": app.ready,
            "SESSIONTUI_BASE": base,
        }
        if app.question:
            told["SESSIONTUI_DEFAULT"] = app.answer
            if answer is not None:
                told["SESSIONTUI_ANSWER"] = answer
        outcome = self._script(session, "app.sh", app.server, str(app.port), seconds, env=told)
        if outcome.exit_code == 0:
            return
        output = last_words(outcome.errors)
        killed = outcome.exit_code > 128 and not output
        reason = "it was killed, perhaps with its session" if killed else reason_in(output)
        hint = "its last output says more" if len(output.splitlines()) > 1 else ""
        raise AppFailed(f"{app.label} did not come up: {reason}", hint, output=output)

    def app_states(self, session: Session, apps: Sequence[App]) -> Mapping[str, AppState]:
        """See the port."""
        # One bad name of a stranger's label must not hide the others.
        words = [
            word for app in apps for word in (app.server.replace("/", "_").lstrip("-") or "_", str(app.port))
        ]
        outcome = self._script(session, "apps.sh", "states", *words)
        if outcome.exit_code in _NO_SUCH_SCRIPT:
            # Made by a version whose scripts tell the open ports only.
            ports = self._script(session, "app.sh", "--ports").output.split()
            running, stopped = AppState(AppPhase.RUNNING), AppState(AppPhase.STOPPED)
            return {app.name: running if b"%d" % app.port in ports else stopped for app in apps}
        return parse_states(outcome.output, apps)

    def end_app(self, session: Session, app: App) -> None:
        """See the port."""
        outcome = self._script(session, "apps.sh", "end", app.server, str(app.port))
        if outcome.exit_code in _NO_SUCH_SCRIPT:
            raise AppFailed(
                f"{app.label} cannot be ended: an older sessiontui made this session",
                "end it in a shell of the session, or stop and start the session",
            )
        if outcome.exit_code != 0:
            reason = reason_in(last_words(outcome.errors))
            raise AppFailed(f"{app.label} was not ended: {reason}", "a shell of the session shows what it is")

    def app_output(self, session: Session, app: App) -> str:
        """See the port."""
        outcome = self._script(session, "apps.sh", "output", app.server)
        if outcome.exit_code in _NO_SUCH_SCRIPT:
            log = f"{SESSION_DIRECTORY}/log/{app.server}.log"
            outcome = self.run(session, ["tail", "-c", str(LONGEST_OUTPUT), log])
        return plain_lines(outcome.output)

    def run(
        self, session: Session, command: Sequence[str], *, env: Mapping[str, str] | None = None
    ) -> Outcome:
        """See the port."""
        entered = ["/bin/sh", f"{SESSION_DIRECTORY}/shell.sh", *command]
        return self._containers.execute(session.name, self._container_of(session), entered, env=env)

    def pipe(self, session: Session, command: Sequence[str]) -> DockerPipe:
        """See the port."""
        entered = ["/bin/sh", f"{SESSION_DIRECTORY}/shell.sh", *command]
        return DockerPipe(self._link, session.name, self._container_of(session), entered)

    def dial(self, session: Session, port: int) -> Dialled:
        """See the port."""
        relay = ["/bin/sh", f"{SESSION_DIRECTORY}/relay.sh", str(port)]
        return dialled(self.pipe(session, relay), session.name, port)

    def shells(self, session: Session) -> tuple[str, ...]:
        """See the port."""
        outcome = self.run(session, ["/bin/sh", "-c", FIND_SHELLS])
        return parse_shells(outcome.output.decode("utf-8", "replace"))

    def shell(
        self,
        session: Session,
        command: Sequence[str] = (),
        *,
        terminal: str | None = "xterm",
        program: str = "",
        entry: str = "",
    ) -> list[str]:
        """See the port."""
        client = shutil.which("docker") or shutil.which("podman")
        if client is None:
            raise HostError(
                "the shell needs the docker command, which this machine lacks",
                "an administrator runs: apt-get install docker-cli (or docker.io)",
            )
        words = [client, *self._link.address.cli_options(), "exec", "-i"]
        if terminal is not None:
            words += ["-t", "--detach-keys", self._detach_keys, "-e", f"TERM={terminal}"]
            if self._environ.get("COLORTERM"):
                words += ["-e", f"COLORTERM={self._environ['COLORTERM']}"]
            words += ["-e", f"SESSIONTUI_WAY_BACK={readable_chord(self._detach_keys)} leaves it running"]
        if program:
            words += ["-e", f"SESSIONTUI_OPEN={program}"]
        if entry:
            words += ["-e", f"SESSIONTUI_ENTRY={entry}"]
        words += ["-u", "work", "-w", HOME, self._container_of(session)]
        return [*words, "/bin/sh", f"{SESSION_DIRECTORY}/shell.sh", *command]

    def attend(self, session: Session, entry: str) -> DockerPipe:
        """See the port."""
        command = ["/bin/sh", f"{SESSION_DIRECTORY}/attend.sh", entry]
        return DockerPipe(self._link, session.name, self._container_of(session), command)

    def read_file(self, session: Session, path: str) -> bytes:
        """See the port."""
        subject = f"{path} in {session.name}"
        try:
            with translated(subject):
                chunks, _ = self._link.client.get_archive(self._container_of(session), path)
                content = io.BytesIO()
                for chunk in chunks:
                    content.write(chunk)
                    if content.tell() > SMALL_FILE:
                        raise EngineError(f"{subject} is too big")
                content.seek(0)
        except EngineError as error:
            if "No such container" in error.message:
                raise SessionGone(f"{session.name} is gone", "it was deleted meanwhile") from error
            raise
        try:
            with tarfile.open(fileobj=content) as archive:
                member = archive.next()
                file = archive.extractfile(member) if member is not None and member.isfile() else None
                if file is None:
                    raise EngineError(f"{subject} is not a plain file")
                return file.read()
        except tarfile.TarError as error:
            raise EngineError(f"{subject}: the engine's answer was cut off", "try again") from error

    def secret(self, session: Session) -> str:
        """See the port."""
        secret = self.read_file(session, f"{SESSION_DIRECTORY}/secret").decode("ascii", "replace").strip()
        if not secret or not secret.isprintable() or not secret.isascii():
            raise EngineError(f"the secret of {session.name} was changed inside it", "launch a new session")
        return secret

    def logs(self, session: Session, *, follow: bool = False, tail: int | None = None) -> DockerLog:
        """See the port."""
        with translated(session.name, gone=True):
            stream = self._link.client.logs(
                self._container_of(session),
                stream=True,
                follow=follow,
                tail="all" if tail is None else tail,
            )
        return DockerLog(stream, self._link)

    def _script(
        self, session: Session, script: str, *words: str, env: Mapping[str, str] | None = None
    ) -> Outcome:
        """Run a script of ours as the session's user."""
        command = ["/bin/sh", f"{SESSION_DIRECTORY}/{script}", *words]
        return self._containers.execute(session.name, self._container_of(session), command, env=env)

    def _container_of(self, session: Session) -> str:
        if session.container_id is None:
            raise EngineError(
                f"{session.name} has no container any more, only its home",
                "delete it, or save its home first",
            )
        return session.container_id
