"""What sessiontui asks of a container engine.

Every method blocks and may be called from any thread. Every failure is a
:class:`~sessiontui.domain.errors.SessiontuiError`: besides what a method names, ``EngineUnreachable``,
``EngineDenied`` and ``EngineError`` from all of them, and ``SessionGone`` wherever a session is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.environment import App, AppState, FoundImage
from sessiontui.domain.folder import Identity
from sessiontui.domain.gpu import Gpu
from sessiontui.domain.launch import Order, Progress
from sessiontui.domain.picture import EngineFacts
from sessiontui.domain.rescue import Census
from sessiontui.domain.resources import Ask, Capacity
from sessiontui.domain.session import Losses, Session

LEFT = b"left\n"
"""Says to an attendant that the person left the shell running."""

STOP_SECONDS = 10
"""How long a session may take to stop before the engine ends it by force."""

Report = Callable[[Progress], None]
"""Told how far a long action is, from the thread that does it."""


OURS = "sessiontui/"
"""Begins the names of images that were made here."""


@dataclass(frozen=True, slots=True)
class Build:
    """An image to build with the engine's own builder."""

    image: str
    """Name of the result."""
    context: Mapping[str, bytes]
    """Files of the build context by path; ``Dockerfile`` is among them."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    """Build arguments (``BASE``, proxies)."""
    fingerprint: str = ""
    """Identifies the recipe; kept on the image, so that a changed recipe is built anew."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command run in a session ended."""

    exit_code: int
    output: bytes
    errors: bytes = b""


class Stream(Protocol):
    """Chunks that come until the end or until somebody closes it, from any thread."""

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None:
        """End the iteration at once."""


class Pipe(Protocol):
    """A command that runs in a session with its input and output open.

    One thread may read while another writes; any may close.
    """

    def read(self) -> bytes:
        """The next of its output; empty once it has ended or the pipe is closed."""

    def write(self, data: bytes) -> None:
        """Give it input; waits while it takes none. Raises EngineError when it will take no more."""

    def end_input(self) -> None:
        """Let it see the end of its input."""

    def outcome(self) -> Outcome:
        """Read to the end and tell how it ended, with the last of its error output and no output."""

    def close(self) -> None:
        """Let go of it at once: it sees the end of its input, and nobody reads its output."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something happened to a container or to the home of a session; what it is now is to be looked at."""

    container_id: str = ""
    session_id: str = ""
    """By its labels; empty for what is not ours."""
    exit_code: int | None = None
    """What the container ended with, where that is what happened."""
    gone: bool = False
    """Whether it is not there any more."""


ANYTHING = Change()
"""Everything may have changed: the sessions are to be listed."""


class Events(Protocol):
    """Changes as they come."""

    def __iter__(self) -> Iterator[Change]: ...

    def close(self) -> None:
        """End the iteration at once."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A tar stream of a part of a session's files."""

    place: bytes
    """What its names are below: a path without a slash at either end, empty for the top."""
    read: Callable[[], bytes]
    """The next chunk, empty at the end. Raises EngineError."""
    left_out: Callable[[bytes], bool] = lambda path: False
    """Whether the name of a member, without ``./`` before it, is not the person's."""


class Remains(Protocol):
    """The files that die with a session that does not run, held so that nobody removes them."""

    def home(self) -> Archive:
        """Its home, without mounts."""

    def outside(self) -> Iterator[Archive]:
        """What was changed outside home and mounts. An archive is read before the next is asked for."""

    def census(self) -> Census | None:
        """What there is of the home, counted without the archive; None where that cannot be done."""

    def check(self) -> None:
        """Raise EngineError where the session was started since."""


class Engine(Protocol):
    """A container engine that holds sessions. Containers that are not ours are never listed or touched."""

    def facts(self) -> EngineFacts:
        """What engine this is."""

    def capacity(self, devices: Sequence[Gpu] = (), *, glance: bool = False) -> Capacity:
        """What it can give, with the limits of all live containers counted as promised.

        ``devices`` are the GPUs the meters found; they come back with their holders. With ``glance``
        the limits of sessions that nobody has looked at count as they were ordered, as do those of one
        that the engine cannot tell of.
        """

    def sessions(self) -> tuple[Session, ...]:
        """All sessions of all owners, oldest first, each looked at.

        One container that the engine cannot tell of in time is ``brief``, and in nobody's way.
        """

    def glance(self) -> tuple[Session, ...]:
        """The same by a single look at the list, however many there are.

        Those that nobody has looked at while the events were followed are ``brief``.
        """

    def look(self, change: Change, before: Session | None = None) -> Session | None:
        """What the session of a change is now; None when nothing of it is left, or it is not ours.

        ``before`` is what it was. One that ended is told from that at once, ``brief``: an engine that
        removes a container answers no question about it meanwhile.
        """

    def events(self) -> Events:
        """Changes from now on. The first is ANYTHING: what is listed after it misses nothing."""

    def has_image(self, image: str, fingerprint: str = "") -> bool:
        """Whether the image is on the engine, built from that recipe where one is given."""

    def images(self) -> frozenset[str]:
        """The names of all images on the engine."""

    def found_images(self) -> tuple[FoundImage, ...]:
        """The images on the engine with their labels, one for each name, by a single look; but ours."""

    def pull(self, image: str, report: Report, cancellation: Cancellation) -> None:
        """Fetch an image from its registry.

        Raises ImageUnavailable, DiskFull, Cancelled.
        """

    def build(self, build: Build, report: Report, cancellation: Cancellation) -> None:
        """Build an image; a build that does not end well leaves no image of the name and no container.

        Steps that were done stay in the builder's cache, for the next try to go on from.

        Raises BuildFailed, DiskFull, Cancelled.
        """

    def image_sizes(self) -> Mapping[str, int]:
        """Bytes of each image on the engine's disk by its names, shared layers included, by one look."""

    def remove_image(self, image: str) -> None:
        """Take a name from an image, and the image itself where that was its last.

        Raises ImageUnavailable where there is none, ImageInUse where a container uses it.
        """

    def layer_size(self, session: Session) -> int | None:
        """Bytes that a session changed outside home and folders: what an image of it adds to its own.

        None where the engine does not say.
        """

    def save_image(self, session: Session, image: str, label: str) -> None:
        """Make an image of a session, running or not, which is as the image it was launched from
        but for what was changed: the same command, user, variables and labels.

        ``label`` becomes the value of its label SAVED_LABEL. Home and folders are not in it, nor what is
        the session's own: secret, keys, variables, logs. Programs stand still meanwhile. Whatever goes
        wrong, nothing is left behind. Raises DiskFull, ImageUnavailable.
        """

    def import_image(self, archive: BinaryIO, image: str, report: Report, cancellation: Cancellation) -> None:
        """Make an image of one layer from a tar stream of a root file system.

        Raises BuildFailed, DiskFull, Cancelled.
        """

    def launch(self, order: Order, report: Report, cancellation: Cancellation) -> Session:
        """Create and start a session from an image that is on the engine; it is ready on return.

        Its GPUs are its own on return, however many others launch and start at the same time: of two that
        want one device, at most one gets it, the older one where neither runs yet.

        A launch that does not end well leaves nothing behind. Raises NameTaken, DevicesTaken, StartFailed,
        ImageUnavailable, DiskFull, Cancelled.
        """

    def start(self, session: Session, gpus: Sequence[Gpu] = ()) -> Session:
        """Start a stopped session, or one whose launch was cut off before its start.

        ``gpus`` are the GPUs the meters found, as for ``capacity``. One that ran no more held none, so that
        others may have its GPUs by now: raises DevicesTaken, and StartFailed; the session is kept.
        """

    def stop(self, session: Session) -> Session:
        """Stop a session and keep its home; one that does not run stays as it is.

        Its programs are asked to end, and have most of ``STOP_SECONDS`` for it.
        """

    def kill(self, session: Session) -> Session:
        """End a session by force and keep its home; one that does not run stays as it is.

        Raises EngineError that says what holds it where even that does not end it.
        """

    def memory_in_use(self, session: Session) -> int | None:
        """Bytes that the kernel could not give back, by a look now; None where it does not run, or nobody
        tells.
        """

    def resize(self, session: Session, ask: Ask) -> Session:
        """Change the limits of CPU and memory, whether it runs or not; what is mounted, its GPUs and its
        shared memory stay.

        Raises Refused, fields ``cpu memory``, where the kernel cannot, with what is in use.
        """

    def delete(self, session: Session, *, running: bool = True) -> None:
        """Remove container, home volume and anonymous volumes. Mounted folders stay untouched.

        Refused while somebody copies its remains; where it runs, unless with ``running``; and where
        ``session`` is of a time when it did not run and it was started since: what that made nobody has
        seen.
        """

    def losses(self, session: Session) -> Losses:
        """What a delete would destroy of its home, in any phase; figures that cannot be had are None."""

    def losses_outside(self, session: Session) -> Losses:
        """What a delete would destroy outside home and mounts, by absolute paths.

        What was put there by us, caches and temporary files do not count.
        """

    def remains(self, session: Session) -> AbstractContextManager[Remains]:
        """The files of a session that does not run. A delete is refused meanwhile.

        Raises EngineError while it runs.
        """

    def sweep(self) -> None:
        """Take away what a process that ended left on the engine and that is part of no session."""

    def mounted(self, session: Session) -> Mapping[str, Identity]:
        """Which directories a running session has at the targets of its mounts, seen from inside.

        One that cannot be told, or to which a link leads, is left out. Raises EngineError where the session
        ended before it was told.
        """

    def offers(self, session: Session) -> tuple[App, ...]:
        """The apps that its image can run, found by a look inside a running session."""

    def serve(self, session: Session, app: App, *, answer: str | None = None, base: str = "") -> None:
        """Start an app unless its port is open already, and wait until it can be used.

        ``answer`` is what a person says to its question; None: what was last said in this session, or
        the app's own ``answer``. ``base`` is the path its pages are seen under, empty at the root. One
        that runs with another answer or base is ended and started again.

        Raises AppFailed with the app's last output.
        """

    def app_states(self, session: Session, apps: Sequence[App]) -> Mapping[str, AppState]:
        """What these apps do now, by name, found by one look inside a running session."""

    def end_app(self, session: Session, app: App) -> None:
        """End an app's server with all its processes; one that does not run is left as it is.

        Raises AppFailed where its port stays open: it was started by other means.
        """

    def app_output(self, session: Session, app: App) -> str:
        """The end of what an app's server wrote since it was last started, as lines that can be shown."""

    def run(
        self, session: Session, command: Sequence[str], *, env: Mapping[str, str] | None = None
    ) -> Outcome:
        """Run a command to its end in a running session, as its user, in its home, without a terminal."""

    def pipe(self, session: Session, command: Sequence[str]) -> Pipe:
        """Start a command like ``run``, with its input and output open."""

    def dial(self, session: Session, port: int) -> Pipe:
        """Connect to a port on the session's own loopback, published or not.

        Raises EngineError where nothing listens, or the image has nothing to reach a port with.
        """

    def shells(self, session: Session) -> tuple[str, ...]:
        """The shells of a running session by their paths, its user's own first."""

    def shell(
        self,
        session: Session,
        command: Sequence[str] = (),
        *,
        terminal: str | None = "xterm",
        program: str = "",
        entry: str = "",
    ) -> list[str]:
        """The argument list of a local program that puts a shell (or the command) in this terminal.

        ``terminal`` is the terminal's type; None runs the command plainly, without a terminal.
        ``program`` is the path of the shell, where it is not the user's own; ``entry`` a name for
        ``attend``, of letters and digits.

        Nothing is run. Raises HostError when this machine lacks the program.
        """

    def attend(self, session: Session, entry: str) -> Pipe:
        """Stand by a shell. Once the pipe is closed, by whatever cause, the shell is told that its
        terminal is gone, as it would be anywhere; unless LEFT was written first.
        """

    def read_file(self, session: Session, path: str) -> bytes:
        """The content of a small file of the session, given by its absolute path."""

    def secret(self, session: Session) -> str:
        """What its apps ask for."""

    def logs(self, session: Session, *, follow: bool = False, tail: int | None = None) -> Stream:
        """Output of the session, or its last ``tail`` lines; ``follow`` goes on as it comes."""

    def close(self) -> None:
        """Let go of connections."""
