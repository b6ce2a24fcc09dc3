"""The files that die with the sessions that :class:`~sessiontui.engine.memory.MemoryEngine` plays."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sessiontui.domain.errors import EngineError
from sessiontui.domain.folder import HOME
from sessiontui.domain.rescue import Census, Tally
from sessiontui.domain.session import Losses, LostFile, Phase, Session
from sessiontui.engine import changed_files
from sessiontui.engine.memory_inside import MemoryInside
from sessiontui.engine.port import Archive

_KEY = f"{HOME}/id_container"


class MemoryRemains(MemoryInside):
    """What ``write_file`` wrote is in the home or outside it; the home has also what was copied there."""

    def losses(self, session: Session) -> Losses:
        """See the port."""
        self._find(session)
        written = self._written(session, lambda path: path.startswith(f"{HOME}/") and path != _KEY)
        files = [(path.removeprefix(f"{HOME}/"), content) for path, content in written]
        return self._told([*self._found_in_home(session), *self._dated(files)])

    def losses_outside(self, session: Session) -> Losses:
        """See the port."""
        if self._find(session).container_id is None:
            return Losses(0, 0)
        return self._told(self._dated(self._written(session, _outside)))

    @contextmanager
    def remains(self, session: Session) -> Iterator[_Remains]:
        """See the port."""
        current = self._find(session)
        if current.phase is Phase.RUNNING:
            raise EngineError(
                f"{current.name} runs: its files may change while they are copied", "stop it first"
            )
        self._fail("copy")
        with self._lock:
            self._copied.append(session.id)
        try:
            yield _Remains(self, current)
        finally:
            with self._lock:
                self._copied.remove(session.id)

    def sweep(self) -> None:
        """See the port. With the process goes all it holds."""
        self._answer()

    def _refuse_while_copied(self, session: Session) -> None:
        with self._lock:
            if session.id in self._copied:
                raise EngineError(f"{session.name} is being saved to a folder", "wait for the end of that")

    def _written(self, session: Session, wanted: Callable[[str], bool]) -> list[tuple[str, bytes]]:
        with self._lock:
            return [(path, content) for path, content in self._files[session.id].items() if wanted(path)]

    def _dated(self, files: list[tuple[str, bytes]]) -> list[LostFile]:
        now = self._now()
        return [
            LostFile(path, len(content), now - timedelta(seconds=age))
            for age, (path, content) in enumerate(reversed(files))
        ]

    def _found_in_home(self, session: Session) -> list[LostFile]:
        with self._lock:
            played = self._played.get(session.id)
        if played is None:
            return []
        found = []
        for path in _below(played.home):
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                name = str(path.relative_to(played.home)).encode(errors="surrogateescape")
                moment = datetime.fromtimestamp(int(status.st_mtime), UTC)
                found.append(LostFile(name.decode(errors="replace"), status.st_size, moment))
        return found

    def _told(self, files: list[LostFile]) -> Losses:
        files.sort(key=lambda one: one.changed_at, reverse=True)
        return Losses(sum(one.bytes for one in files), len(files), tuple(files[:10]))


def _outside(path: str) -> bool:
    return not path.startswith(f"{HOME}/") and changed_files.counts(path)


def _below(top: Path) -> Iterator[Path]:
    for place, directories, names in os.walk(top):
        for name in (*directories, *names):
            yield Path(place) / name


@dataclass(frozen=True)
class _Remains:
    """Fills :class:`sessiontui.engine.port.Remains`."""

    engine: MemoryRemains
    session: Session

    def home(self) -> Archive:
        """See the port."""
        written = self.engine._written(self.session, lambda path: path.startswith(f"{HOME}/"))
        files = [(path.removeprefix(f"{HOME}/"), content) for path, content in written]
        top = self.engine.files(self.session.id).home
        points = [mount.target.removeprefix(f"{HOME}/").encode() + b"/" for mount in self.session.mounts]
        return self._archive(files, b"", lambda path: path == b"id_container" or path in points, top)

    def outside(self) -> Iterator[Archive]:
        """See the port."""
        if self.session.container_id is None:
            return
        for path, content in self.engine._written(self.session, _outside):
            place, _, name = path.rpartition("/")
            yield self._archive([(name, content)], place.strip("/").encode(), lambda path: False)

    def census(self) -> Census | None:
        """See the port."""
        self.check()
        written = self.engine._written(self.session, lambda path: path.startswith(f"{HOME}/"))
        tally = Tally(len(written), sum(len(content) for _, content in written))
        tally += Tally(directories=len(_made(path.removeprefix(f"{HOME}/") for path, _ in written)))
        others = []
        top = self.engine.files(self.session.id).home
        for path in _below(top):
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                tally += Tally(1, status.st_size)
            elif stat.S_ISDIR(status.st_mode):
                tally += Tally(directories=1)
            elif stat.S_ISLNK(status.st_mode):
                tally += Tally(links=1)
            else:
                others.append(str(path.relative_to(top)))
        return Census(tally, tuple(others))

    def check(self) -> None:
        """See the port."""
        current = self.engine._find(self.session)
        if current.phase is Phase.RUNNING or current.started_at != self.session.started_at:
            raise EngineError(f"{self.session.name} was started and stopped meanwhile", "try again")

    def _archive(
        self,
        files: list[tuple[str, bytes]],
        place: bytes,
        left_out: Callable[[bytes], bool],
        top: Path | None = None,
    ) -> Archive:
        engine = self.engine
        buffer = io.BytesIO()
        with tarfile.open(
            fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, errors="surrogateescape"
        ) as archive:
            if top is not None:
                archive.add(top, ".", filter=lambda one: one)
            for made in sorted(_made(path for path, _ in files)):
                member = tarfile.TarInfo(f"./{made}")
                member.type, member.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(member)
            for path, content in files:
                member = tarfile.TarInfo(f"./{path}")
                member.size, member.mode, member.mtime = len(content), 0o644, engine._now().timestamp()
                archive.addfile(member, io.BytesIO(content))
        buffer.seek(0)

        def read() -> bytes:
            engine._answer()
            return buffer.read(64 * 1024)

        return Archive(place, read, left_out)


def _made(paths: Iterator[str]) -> set[str]:
    """The directories that these files are in."""
    return {str(one) for path in paths for one in list(Path(path).parents)[:-1]}
