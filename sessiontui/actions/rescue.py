"""Saves the files that would die with a session in a folder of the person, and only then deletes it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from sessiontui.actions import end
from sessiontui.actions.copy import Count
from sessiontui.actions.ports import Ports, ensure_may_touch
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import EngineError, SessionGone, SessiontuiError, StorageError, Unknown
from sessiontui.domain.files import CopyReport
from sessiontui.domain.folder import Folder
from sessiontui.domain.launch import unknown
from sessiontui.domain.rescue import OUTSIDE, Saved, Tally
from sessiontui.domain.session import Phase, Session
from sessiontui.engine.port import Archive, Remains
from sessiontui.storage.keeping import Keeping, keeping, sweep_folder
from sessiontui.storage.tally import tally_of

_NO_FILE = "a named pipe, socket or device, which no copy holds"


def save_and_delete(
    ports: Ports,
    session: Session,
    folder: str,
    report: CopyReport,
    cancellation: Cancellation,
    *,
    expected: int | None = None,
) -> Saved:
    """Copy its home and what was changed outside into ``FOLDER/NAME``, verify that, and delete the session.

    The copy keeps times, modes and links, and owners where this is done by root; what is outside the
    home comes below ``outside``. A name that is taken gets a number. A session that runs is stopped
    first, and started again where nothing comes of it. ``expected`` is how many bytes there are, for the
    report.

    Raises NotYours, Unknown, StorageError, EngineError, Cancelled: the session is then whole, and there
    is no copy; unless the deletion itself failed, which says where the copy is.
    """
    ensure_may_touch(session, ports.owner)
    into = _folder(ports, folder)
    cancellation.check()
    running = session.phase is Phase.RUNNING
    still = ports.engine.stop(session) if running else session
    try:
        saved = _saved(ports, still, into, Count(session.name, expected, report, cancellation), cancellation)
    except BaseException:
        # A command that was cut off would be run anew: that is the person's to decide.
        if running and session.batch is None:
            # It is the person's session as it was, as far as that can be had.
            with suppress(SessiontuiError):
                end.start(ports, still)
        raise
    try:
        return replace(saved, warning=end.delete_ended(ports, still))
    except SessionGone:
        # Somebody else has deleted it by now: what was in it is saved.
        return saved
    except EngineError as error:
        message = f"{session.name} is saved in {saved.path}, and was not deleted: {error.message}"
        raise type(error)(message, error.hint) from error


def sweep(ports: Ports) -> None:
    """Take away what was left, here and on the engine, by who was killed while saving a session."""
    with suppress(SessiontuiError):
        ports.engine.sweep()
    with suppress(SessiontuiError):
        for folder in ports.storage.folders():
            sweep_folder(folder.path)


def _saved(ports: Ports, session: Session, folder: Folder, count: Count, cancellation: Cancellation) -> Saved:
    root_is = session.owner if ports.engine.facts().rootless else None
    with (
        ports.engine.remains(session) as remains,
        keeping(folder.path, session.name, ports.owner, root_is=root_is, advanced=count.advance) as keep,
    ):
        home = _take(keep, remains.home())
        below = OUTSIDE
        while keep.has(below):
            below = f"{below}-of-home"
        outside = Tally()
        for archive in remains.outside():
            cancellation.check()
            place = b"/".join(filter(None, (below.encode(), archive.place)))
            outside += keep.take(place, archive.read, archive.left_out)
        tally = keep.finish()
        cancellation.check()
        others = _verify(remains, home, outside, cancellation)
        left_out = dict.fromkeys((*keep.left_out, *others))
        cancellation.check()
        path = keep.settle()
    count.end()
    return Saved(path, tally, tuple(f"{one}: {_NO_FILE}" for one in left_out))


def _take(keep: Keeping, archive: Archive) -> Tally:
    return keep.take(archive.place, archive.read, archive.left_out)


def _verify(remains: Remains, home: Tally, outside: Tally, cancellation: Cancellation) -> tuple[str, ...]:
    """See that the session holds what was copied, counted anew; what it holds that no copy does."""
    census = remains.census()
    there = tally_of(_cancellable(remains.home(), cancellation)) if census is None else census.tally
    _same("its home", there, home)
    again = Tally()
    for archive in remains.outside():
        again += tally_of(_cancellable(archive, cancellation))
    _same("what is outside its home", again, outside)
    remains.check()
    return () if census is None else census.others


def _same(what: str, there: Tally, copied: Tally) -> None:
    if there != copied:
        raise StorageError(
            f"{what} holds {there}, and {copied} were copied: the copy was thrown away",
            "it may have been changed meanwhile: try again",
        )


def _cancellable(archive: Archive, cancellation: Cancellation) -> Callable[[], bytes]:
    def read() -> bytes:
        cancellation.check()
        return archive.read()

    return read


def _folder(ports: Ports, name: str) -> Folder:
    folders = {one.name: one for one in ports.storage.folders()}
    if name not in folders:
        raise Unknown(
            unknown("folder", name, list(folders)), f"make it with: sessiontui folders create {name}"
        )
    if not folders[name].writable:
        raise StorageError(f"folder {name} cannot be written to", "choose another folder")
    return folders[name]
