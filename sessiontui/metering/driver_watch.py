"""Asks one vendor's driver in a thread of its own, and tells at any time what it told last."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sessiontui.domain.gpu import Driver, Gpu, GpuReading
from sessiontui.metering.port import GpuSource

LATE = 10.0
"""Seconds a look at a driver may take: what it told before is too old then, and so is what it tells late."""
DEVICES_KEPT = 60.0
"""Seconds after which the devices are asked for anew: somebody may divide one. Before that a driver that
has none, or is not there, is not asked at all."""

Finish = Callable[[Sequence[GpuReading]], tuple[GpuReading, ...]]
"""Adds to readings what the driver does not tell, in the thread that asked it."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a driver told last, as far as it still stands."""

    driver: Driver | None = None
    """None before its first answer."""
    readings: tuple[GpuReading, ...] = ()


class DriverWatch:
    """Never more than one call into the source at a time, and nobody waits for it unless they say so.

    The thread is a daemon, so that a driver that hangs never holds up the end of the program. It
    begins with the first question. A bug in the source ends it: what is told from then on says so.
    """

    def __init__(
        self,
        source: GpuSource,
        finish: Finish,
        clock: Callable[[], float] = time.monotonic,
        time_of_day: Callable[[], str] = lambda: time.strftime("%H:%M"),
    ) -> None:
        self._source = source
        self._finish = finish
        self._clock = clock
        self._time_of_day = time_of_day
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._wanted = self._begun = self._done = 0
        """Numbers of looks: the last one asked for, begun and ended."""
        self._began_at: float | None = None
        """When the look under way began."""
        self._ended_at = 0.0
        self._devices: tuple[Gpu, ...] | None = None
        self._devices_at = 0.0
        self._listed_for: frozenset[tuple[str, bool]] = frozenset()
        """The readings, by UUID and whether all is well, for which the devices were listed last: a driver
        that lists others than it reads is not asked again for the same."""
        self._driver: Driver | None = None
        self._readings: tuple[GpuReading, ...] = ()
        self._began_when = ""
        """The time of day of that."""
        self._late_since = ""
        """The time of day since which every look took too long."""
        self._closed = False

    def begin(self, *, for_devices: bool = False) -> int:
        """Have the driver looked at from now on; the number of that look, of the last where none is due.

        ``for_devices``: only where the devices it told are too old.
        """
        with self._changed:
            due = self._devices_outdated() or (bool(self._devices) and not for_devices)
            if self._closed or not due:
                return self._done
            self._wanted = self._begun + 1
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name=f"driver-{self._source.vendor}", daemon=True
                )
                self._thread.start()
            self._changed.notify_all()
            return self._wanted

    def devices(self, patience: float) -> tuple[Gpu, ...]:
        """The devices it told last; waits at most so many seconds for the first answer."""
        with self._changed:
            if self._devices is None and patience > 0:
                self._changed.wait_for(lambda: self._devices is not None or self._closed, patience)
            return self._devices or ()

    def told(self, look: int = 0, patience: float = 0.0) -> Told:
        """What it told last; waits at most so many seconds for the look of that number."""
        with self._changed:
            if patience > 0:
                self._changed.wait_for(
                    lambda: self._done >= look or self._closed or self._lasts() >= LATE, patience
                )
            lasts = self._lasts()
            # Time in which nobody asked makes no figure old: only the driver's own delays do.
            standing = tuple(one for one in self._readings if self._ended_at - one.at + lasts < LATE)
            return Told(self._driver_now(lasts), standing)

    def close(self) -> None:
        """Let go of the driver, as soon as it has answered what it is asked now."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _devices_outdated(self) -> bool:
        return self._devices is None or self._clock() - self._devices_at >= DEVICES_KEPT

    def _lasts(self) -> float:
        """Seconds since the look under way began; 0 where there is none."""
        return 0.0 if self._began_at is None else self._clock() - self._began_at

    def _driver_now(self, lasts: float) -> Driver | None:
        since = self._late_since or (self._began_when if lasts >= LATE else "")
        if not since:
            return self._driver
        # What is not there does not keep anybody waiting.
        return replace(
            self._driver or Driver(self._source.vendor),
            trouble=f"the driver has not answered in time since {since}",
            expected=True,
        )

    def _work(self) -> None:
        try:
            self._look_until_closed()
        except Exception as error:
            self._tell_of_bug(error)
            raise
        finally:
            self._source.close()

    def _tell_of_bug(self, error: Exception) -> None:
        """Say what it is in the driver's place: a screen hides what a thread's end prints."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}, line {place.lineno}"
        with self._changed:
            self._driver = replace(
                self._driver or Driver(self._source.vendor),
                trouble=f"a bug of sessiontui: {error!r} in {where}",
                expected=True,
            )
            self._readings, self._late_since, self._began_at = (), "", None
            self._done, self._closed = self._begun, True
            self._changed.notify_all()

    def _look_until_closed(self) -> None:
        while self._wait():
            if self._devices_outdated():
                devices = self._source.devices()
                with self._changed:
                    self._devices, self._devices_at = devices, self._clock()
                    self._changed.notify_all()
            readings = self._finish(self._source.readings()) if self._devices else ()
            self._list_anew(readings)
            driver = self._source.driver()
            with self._changed:
                took = self._lasts()
                # Of a driver that is late time and again, the first time counts.
                self._late_since = "" if took < LATE else self._late_since or self._began_when
                self._readings, self._driver = readings, driver
                self._done, self._ended_at, self._began_at = self._begun, self._clock(), None
                self._changed.notify_all()

    def _list_anew(self, readings: Sequence[GpuReading]) -> None:
        """List the devices anew where the readings are of others, or tell that one is lost or found again."""
        told = frozenset((one.uuid, bool(one.trouble)) for one in readings)
        listed = frozenset((one.uuid, bool(one.trouble)) for one in self._devices or ())
        if not told or told in (listed, self._listed_for):
            return
        devices = self._source.devices()
        with self._changed:
            self._devices, self._devices_at, self._listed_for = devices, self._clock(), told

    def _wait(self) -> bool:
        """Wait until a look is wanted, and begin it; False once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._wanted > self._begun)
            if self._closed:
                return False
            self._begun, self._began_at, self._began_when = self._wanted, self._clock(), self._time_of_day()
            return True
