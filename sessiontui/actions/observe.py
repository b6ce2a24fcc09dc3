"""Looks at the engine and the meters and puts what they tell into one Picture."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from sessiontui.actions.ports import Ports
from sessiontui.domain.errors import EngineDenied, EngineError, EngineUnreachable
from sessiontui.domain.gpu import NO_SAMPLE, Driver, GpuSample
from sessiontui.domain.gpu_usage import with_strangers
from sessiontui.domain.gpu_words import vendor_name
from sessiontui.domain.history import Figure, GpuFigure, History, Series, Window
from sessiontui.domain.launch import Preparation
from sessiontui.domain.picture import EngineFacts, HostUsage, Picture
from sessiontui.domain.resources import Capacity
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.usage import UNKNOWN, Reading, Usage, usage_between
from sessiontui.engine.port import Change

_STRANGERS = 1.0
"""Seconds to wait for a look at who uses the devices: what a person is about to take should be free now."""
_MOMENT = 0.1
"""Seconds to wait for figures of now: a driver that is well has answered by then."""


def capacity(ports: Ports, *, glance: bool = False) -> Capacity:
    """What the engine can give, with this machine's devices and free memory where the engine is here.

    The devices are with their holders, and with those who use them without holding them.
    """
    if not ports.engine.facts().local:
        return ports.engine.capacity(glance=glance)
    found = ports.engine.capacity(ports.gpus.devices(), glance=glance)
    sample = ports.gpus.sample((), patience=_STRANGERS)
    return replace(
        found,
        gpu_trouble=found.gpu_trouble or ("" if found.gpus else "; ".join(_unread(sample))),
        gpus=with_strangers(found.gpus, sample),
        memory_available=ports.machine.memory_available(),
    )


def gpu_notes(sample: GpuSample) -> tuple[str, ...]:
    """What is wrong with drivers that should answer, in sentences; nothing where there is no device."""
    return tuple(map(_sentence, (one for one in sample.drivers if one.expected and one.trouble)))


def _unread(sample: GpuSample) -> tuple[str, ...]:
    """The same where devices are wanted now: also of a driver that was waited for in vain."""
    silent = (one for one in sample.drivers if one.trouble and (one.expected or not one.answered))
    return tuple(map(_sentence, silent))


def _sentence(driver: Driver) -> str:
    return f"{vendor_name(driver.vendor)} GPUs cannot be read: {driver.trouble}"


class Observer:
    """Holds the latest Picture, and what was used before it. Its methods may be called from any thread.

    All but ``picture`` and those that give a series block. ``now`` is the calendar's time, ``clock`` only
    goes forward.
    """

    def __init__(
        self, ports: Ports, now: Callable[[], float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ports = ports
        self._now = now
        self._clock = clock
        self._history = History()
        self._gpu_history = History()
        self._measured = clock()
        self._surveyed: frozenset[tuple[str, bool]] = frozenset()
        """The devices that drivers told of at the last survey, had or not."""
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        self._picture = Picture()
        self._readings: dict[str, Reading] = {}
        self._shown: Collection[str] = ()
        self._untold: set[str] = set()
        """Containers of which the engine could tell no more than its list, until they change."""
        self._stopping: dict[str, float] = {}
        """When each was told to stop."""
        self._saving: set[str] = set()
        self._preparations: dict[str, Preparation] = {}

    def picture(self) -> Picture:
        """The latest, with the launches, stops and saves of this dashboard laid over it."""
        with self._lock:
            picture = self._picture
            stopping = dict(self._stopping)
            preparations = dict(self._preparations)
            saving = frozenset(self._saving)
        if not stopping and not preparations and not saving:
            return picture
        created = {session.id for session in picture.sessions if session.phase is Phase.RUNNING}
        hidden = set(preparations) - created
        return replace(
            picture,
            sessions=tuple(
                replace(session, phase=Phase.STOPPING) if session.id in stopping else session
                for session in picture.sessions
                if session.id not in hidden
            ),
            stopping=MappingProxyType(stopping),
            preparations=tuple(preparations[one] for one in preparations if one in hidden),
            saving=saving,
        )

    def resync(self) -> Picture:
        """List the sessions anew. An engine that does not answer becomes the picture's trouble."""
        # One look at a time: of two, the one that began earlier must not be kept last.
        with self._looking:
            try:
                sessions = self._ports.engine.glance()
                facts = self._ports.engine.facts()
            except EngineError as error:
                return self.lost(error)
            return self._see(sessions, engine=facts)

    def look(self, changes: Iterable[Change]) -> Picture:
        """See what became of the sessions that changed; list anew where a change is not that simple."""
        with self._looking:
            known = {session.id: session for session in self._picture.sessions}
            try:
                for change in changes:
                    if not change.session_id:
                        continue
                    before = known.get(change.session_id)
                    with self._lock:
                        self._untold.discard(change.container_id)
                    try:
                        session = self._ports.engine.look(change, before)
                    except (EngineUnreachable, EngineDenied):
                        raise
                    except EngineError:
                        # One container that cannot be told of does not make the engine unreachable.
                        with self._lock:
                            self._untold.add(change.container_id)
                        return self._see(self._ports.engine.glance())
                    if before is not None and _another(before, change):
                        # Two containers claim to be one session: the list tells which is it.
                        return self._see(self._ports.engine.glance())
                    if session is not None:
                        known[session.id] = session
                    else:
                        known.pop(change.session_id, None)
            except EngineError as error:
                return self.lost(error)
            return self._see(sorted(known.values(), key=lambda one: (one.created_at, one.id)))

    def unexplained(self) -> tuple[Session, ...]:
        """The sessions of which the list alone has told and more is to be known.

        Of those that ended, why; of those in view whose limits no meter tells, these.
        """
        with self._lock:
            picture, untold = self._picture, self._untold
            return tuple(
                session
                for session in picture.sessions
                if session.brief
                and not picture.trouble
                and session.container_id not in untold
                and (not session.phase.live or self._limits_unknown(picture, session))
            )

    def explain(self, session: Session) -> Picture:
        """Look at a session of which the list alone has told, however long the engine takes.

        What was seen of it meanwhile is newer and stays.
        """
        try:
            found = self._ports.engine.look(Change(session.container_id or "", session.id), session)
        except (EngineUnreachable, EngineDenied):
            # Whoever lists the sessions says what is wrong with it.
            return self.picture()
        except EngineError:
            found = None
        with self._lock:
            if found is None:
                self._untold.add(session.container_id or "")
            else:
                sessions = self._picture.sessions
                # A list that came meanwhile may tell the same of it: that is no news.
                now = tuple(found if one == session else one for one in sessions)
                self._picture = replace(self._picture, sessions=now)
        return self.picture()

    def misses_devices(self) -> bool:
        """Whether drivers tell of other devices than when it was seen what the engine can give.

        Of others, or that one is lost, or well again.
        """
        with self._lock:
            room, told = self._picture.capacity, self._told()
            if room is None or not told or told == self._surveyed:
                return False
            return told != {(gpu.uuid, bool(gpu.trouble)) for gpu in room.gpus}

    def _told(self) -> frozenset[tuple[str, bool]]:
        """Of which devices the drivers tell now, and whether of a trouble."""
        return frozenset((one.uuid, bool(one.trouble)) for one in self._picture.gpus.readings.values())

    def survey(self) -> Picture:
        """See anew what the engine can give. Devices are asked of their drivers, which may take long."""
        with self._lock:
            self._surveyed = self._told()
        try:
            room = capacity(self._ports, glance=True)
        except EngineError:
            # Whoever lists the sessions says what is wrong with it.
            return self.picture()
        with self._lock:
            self._picture = replace(self._picture, capacity=room)
        return self.picture()

    def lost(self, error: EngineError) -> Picture:
        """Keep the last picture and say why it is the last."""
        with self._lock:
            self._picture = replace(self._picture, trouble=error.message, remedy=error.hint)
        return self.picture()

    def measure(self, shown: Collection[str] | None = None) -> Picture:
        """Read the meters once and turn the difference into usage. Asks the engine for nothing.

        ``shown`` are the ids of the sessions a person sees now (None: of all).
        """
        self._shown = () if shown is None else shown
        host = self._ports.machine.usage()
        sessions, engine = self._picture.sessions, self._picture.engine
        readings = self._ports.meter.readings(sessions, shown)
        # An engine elsewhere gives none of this machine's devices.
        here = engine is not None and engine.local
        gpus = self._ports.gpus.sample(sessions, patience=_MOMENT) if here else NO_SAMPLE
        notes = (*self._ports.meter.notes(), *gpu_notes(gpus))
        with self._lock:
            usage: Mapping[str, Usage] = {one: self._usage(one, reading) for one, reading in readings.items()}
            self._remember(readings, usage)
            room = self._remember_gpus(gpus)
            self._readings = dict(readings)
            now = self._now()
            self._picture = replace(
                self._picture,
                host=host,
                usage=MappingProxyType(usage),
                gpus=gpus,
                capacity=room,
                notes=notes,
                taken_at=self._picture.taken_at if self._picture.trouble else now,
            )
        return self.picture()

    def series(self, session_id: str, figure: Figure, window: Window) -> Series:
        """What a session used up to the last look at the meters."""
        with self._lock:
            return self._history.series(session_id, figure, window, self._measured)

    def gpu_series(self, uuid: str, figure: GpuFigure, window: Window) -> Series:
        """What a device, or a part of one, did up to the last look at the meters."""
        with self._lock:
            return self._gpu_history.series(uuid, figure, window, self._measured)

    def unmeasured(self) -> Picture:
        """What is known without the meters, which do not answer: figures that are too old are none."""
        with self._lock:
            self._picture = replace(
                self._picture, host=HostUsage(), usage=MappingProxyType({}), gpus=NO_SAMPLE
            )
        return self.picture()

    def _limits_unknown(self, picture: Picture, session: Session) -> bool:
        usage = picture.usage.get(session.id)
        return session.id in self._shown and usage is not None and usage.cpu_limit is None

    def _see(self, sessions: Sequence[Session], engine: EngineFacts | None = None) -> Picture:
        with self._lock:
            ids = {session.id for session in sessions}
            self._stopping = {one: since for one, since in self._stopping.items() if one in ids}
            self._untold &= {session.container_id or "" for session in sessions}
            self._readings = {one: self._readings[one] for one in self._readings if one in ids}
            self._history.keep(ids)
            # An equal list stays the same object, so that whoever draws it sees at once that it is.
            same = self._picture.sessions == tuple(sessions)
            self._picture = replace(
                self._picture,
                taken_at=self._now(),
                engine=engine or self._picture.engine,
                sessions=self._picture.sessions if same else tuple(sessions),
                trouble="",
                remedy="",
            )
        return self.picture()

    def _usage(self, session_id: str, reading: Reading) -> Usage:
        """Usage since the last reading; a meter that had no newer one keeps what was known."""
        earlier = self._readings.get(session_id)
        if earlier is not None and earlier.at == reading.at:
            return self._picture.usage.get(session_id, UNKNOWN)
        usage = usage_between(earlier, reading)
        before = self._picture.usage.get(session_id)
        if usage.cpu_limit is None and usage.memory_limit is None and before is not None:
            # What is out of view is not asked for its limits; it comes back with those it had.
            return replace(usage, cpu_limit=before.cpu_limit, memory_limit=before.memory_limit)
        return usage

    def _remember(self, readings: Mapping[str, Reading], usage: Mapping[str, Usage]) -> None:
        """Note what is new; a meter that had no newer reading leaves a gap."""
        self._measured = at = self._clock()
        for one, reading in readings.items():
            earlier = self._readings.get(one)
            if earlier is None or earlier.at != reading.at:
                self._history.add(one, at, usage[one])

    def _remember_gpus(self, gpus: GpuSample) -> Capacity | None:
        """Note what is new; a driver that told nothing newer, or nothing, leaves a gap.

        The capacity, with those who use its devices now.
        """
        before = self._picture.gpus.readings
        for uuid, reading in gpus.readings.items():
            earlier = before.get(uuid)
            if earlier is None or earlier.at != reading.at:
                self._gpu_history.add_device(self._measured, reading)
        room = self._picture.capacity
        if room is None:
            return None
        self._gpu_history.keep({gpu.uuid for gpu in room.gpus} | gpus.readings.keys())
        used = with_strangers(room.gpus, gpus)
        return room if used is room.gpus else replace(room, gpus=used)

    def prepare(self, preparation: Preparation) -> None:
        """Show a launch that has no container yet, or how far it is now."""
        with self._lock:
            self._preparations[preparation.order.id] = preparation

    def prepared(self, session_id: str) -> None:
        """The launch ended, well or not."""
        with self._lock:
            self._preparations.pop(session_id, None)

    def stopping(self, session: Session) -> None:
        """Show a session as stopping until the engine says otherwise."""
        with self._lock:
            self._stopping.setdefault(session.id, self._now())

    def saving(self, session: Session) -> bool:
        """Show a session as one that an image is made of; False when it is one already."""
        with self._lock:
            new = session.id not in self._saving
            self._saving.add(session.id)
            return new

    def saved(self, session: Session) -> None:
        """The saving ended, well or not."""
        with self._lock:
            self._saving.discard(session.id)

    def stopped(self, session: Session) -> None:
        """The stop or delete ended, well or not."""
        with self._lock:
            self._stopping.pop(session.id, None)


def _another(before: Session, change: Change) -> bool:
    """Whether the change is about another container than the one that the session is known to be."""
    return bool(before.container_id and change.container_id and before.container_id != change.container_id)
