"""Claims to GPUs among the containers of an engine: who gets a device that several want at once.

The rules are those of :mod:`.claims`. A session that is being launched is a claim by itself: a container
that was created and not started. A stopped session claims nothing, and nothing can be written on it. So
whoever starts one makes a container in its place, which is never started: its labels bear the claim.

A claim stands while the process lives that made it. Of one whose process is dead the start may still be
under way, for engines go on with what they were asked; they tell nothing of a container that they start
until it runs, or does not. So such a claim is in the way until the engine has told of it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import inf
from typing import Any

from sessiontui.dockerd.errors import translated
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import EngineError, EngineUnreachable, SessionGone, SessiontuiError
from sessiontui.domain.gpu import Gpu, Holder
from sessiontui.domain.launch import Progress, Step
from sessiontui.domain.session import Session
from sessiontui.engine import launcher_mark
from sessiontui.engine.claims import Age, Claim, Verdict, holders, in_the_way, verdict
from sessiontui.engine.gpu_holders import (
    held_by,
    held_by_order,
    holder_by_labels,
    holder_in,
    holds,
    nvidia_runtimes,
    watches,
)
from sessiontui.engine.inspected import Inspected, Round
from sessiontui.engine.labels import ID_LABEL, LAUNCHER_LABEL, PREFIX, Labels
from sessiontui.engine.link import Link
from sessiontui.engine.payload import home_volume
from sessiontui.engine.phases import LIVE, RUNS
from sessiontui.engine.port import Report
from sessiontui.engine.short_lived import NO_GPUS, ShortLived
from sessiontui.engine.taken import devices_taken

CLAIM_LABEL = PREFIX + "claim"
"""On a claim: the id of the session that is being started."""
CONTAINER_LABEL = PREFIX + "claim-container"
"""On a claim: the session's container."""

PATIENCE = 30.0
"""Seconds to wait for younger claims: much longer than a launch takes from its look to its start."""
PAUSE = 0.1
"""Seconds between two looks."""
YOUNG_SECONDS = 10
"""How old a claim of a dead process must be to be removed: what it asked for has reached the engine then."""
ELSEWHERE_SECONDS = 120
"""How long a claim stands that was made on another machine, whose processes nobody here can look at."""

_CONTAINER_ID = re.compile(r"[0-9a-f]{64}\Z")
_NO_NUMBER = -1
"""Of a device that no driver tells of any more."""


@dataclass(slots=True)
class _Asking:
    """Whoever wants devices, and what was found out for it so far."""

    name: str
    container_id: str
    """Of the claim."""
    session_id: str
    own: frozenset[str]
    """Containers that are in nobody's way here."""
    gpus: Sequence[Gpu]
    """Those it wants."""
    known: Sequence[Gpu]
    """What others may have of the machine."""
    runtimes: frozenset[str]
    strangers: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Details of containers that are no sessions, by id: what they have does not change."""
    doubtful: set[str] = field(default_factory=set)
    """Containers whose launcher was found dead."""
    void: set[str] = field(default_factory=set)
    """Those of them that nobody starts any more."""

    @property
    def uuids(self) -> frozenset[str]:
        return frozenset(gpu.uuid for gpu in self.gpus)


class Claims(ShortLived):
    """Makes claims, and looks at those of others. For any thread.

    ``launcher_lives`` says of the labels of a session that is created whether somebody is about to start
    it; ``watchers`` are patterns of names of containers that only look at GPUs.
    """

    def __init__(
        self,
        link: Link,
        inspected: Inspected,
        launcher_lives: Callable[[Labels], bool],
        watchers: Sequence[str] = (),
    ) -> None:
        super().__init__(link, "claim", CLAIM_LABEL)
        self._inspected = inspected
        self._launcher_lives = launcher_lives
        self._watchers = tuple(watchers)

    def settle(
        self,
        name: str,
        session_id: str,
        container_id: str,
        gpus: Sequence[Gpu],
        report: Report,
        cancellation: Cancellation,
    ) -> None:
        """Return once a session that was created for these GPUs may be started.

        Raises DevicesTaken where others have them, SessionGone where it was removed, Cancelled.
        """
        own = frozenset({container_id})
        self._settle(self._asking(name, session_id, container_id, own, gpus, gpus), report, cancellation)

    @contextmanager
    def for_start(
        self,
        session: Session,
        details: Mapping[str, Any],
        gpus: Sequence[Gpu],
        images: Callable[[], Sequence[str]],
    ) -> Iterator[None]:
        """Inside, the GPUs of a session that does not run are claimed for its start.

        ``details`` are what the engine tells of its container, ``gpus`` all of the machine, ``images`` those
        that a container can be made of. Raises DevicesTaken where others have them.
        """
        own = str(details["Id"])
        if not session.devices or details["State"]["Status"] in RUNS:
            yield
            return
        self.sweep()
        known = {gpu.uuid: gpu for gpu in gpus}
        # What is on the machine no more is claimed as well: others may think that it is there.
        wanted = [known.get(uuid) or Gpu(uuid, _NO_NUMBER, "") for uuid in session.devices]
        missing = EngineError(
            f"{session.name}: no image on the engine can stand for it",
            "pull any small image, such as busybox",
        )
        called = self._begin()
        try:
            claim = self._create(
                called, session.name, images(), lambda image: _payload(session, own, image), missing
            )
            asking = self._asking(
                session.name, session.id, claim, frozenset({claim, own}), wanted, [*gpus, *wanted]
            )
            self._settle(asking, lambda _: None, Cancellation())
            yield
        except EngineUnreachable:
            # It may be started later, by an engine that does what it was asked before it fell silent: the
            # claim stays until somebody sweeps who can see that.
            raise
        except SessiontuiError:
            self._take_back(called)
            raise
        else:
            self._take_back(called)
        finally:
            self._end(called)

    def sweep(self) -> None:
        """Remove the claims of dead processes, but none whose session may be about to run by it."""
        for item in self._list([CLAIM_LABEL]):
            young = abs(time.time() - float(item.get("Created") or 0)) < YOUNG_SECONDS
            if young or self._used(item):
                continue
            with suppress(EngineUnreachable):
                # An engine that starts the session tells of it once it runs, which others see.
                if starting := _container_of(item):
                    self._look_at(starting)
                self._remove(item["Id"])

    def _take_back(self, called: str) -> None:
        # What cannot be removed now is swept later.
        with suppress(EngineError):
            self._remove(called)

    # Looking

    def _asking(
        self,
        name: str,
        session_id: str,
        container_id: str,
        own: frozenset[str],
        wanted: Sequence[Gpu],
        known: Sequence[Gpu],
    ) -> _Asking:
        devices = {gpu.uuid: gpu for gpu in known}
        for part in wanted:
            # Who has a device has its parts, so that it must be known for one that can be had.
            if part.parent and part.parent not in devices:
                devices[part.parent] = replace(part, uuid=part.parent, parent="", part=None, divided=True)
        runtimes = nvidia_runtimes(self._link.info)
        return _Asking(name, container_id, session_id, own, wanted, tuple(devices.values()), runtimes)

    def _settle(self, asking: _Asking, report: Report, cancellation: Cancellation) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            cancellation.check()
            mine, others = self._look(asking)
            rivals = in_the_way(mine, others)
            said = verdict(mine, rivals)
            if said is Verdict.GO:
                return
            if said is Verdict.YIELD or time.monotonic() > end:
                numbered = [gpu for gpu in asking.gpus if gpu.index != _NO_NUMBER]
                raise devices_taken(asking.name, holders(mine, rivals), numbered)
            report(Progress(Step.CREATING, f"{rivals[0].holder} wants the same GPU at the same time"))
            time.sleep(PAUSE)

    def _look(self, asking: _Asking) -> tuple[Claim, list[Claim]]:
        """Our claim and those of others, by one look at the list."""
        with translated("listing containers"):
            items = self._link.reader.get("/containers/json", {"filters": {"status": LIVE}})
        mine: Claim | None = None
        others = []
        # Those that are told of one by one come from one round.
        strangers = Round(self._inspected)
        for item in items:
            labels = Labels(item.get("Labels"))
            if item["Id"] == asking.container_id:
                mine = Claim(_holder(item, labels), asking.uuids, _age(item, labels), held=False)
            elif item["Id"] not in asking.own and (claim := self._claim(item, labels, asking, strangers)):
                others.append(claim)
        if mine is None:
            raise SessionGone(f"{asking.name} is gone", "it was deleted meanwhile")
        return mine, others

    def _claim(
        self, item: Mapping[str, Any], labels: Labels, asking: _Asking, strangers: Round
    ) -> Claim | None:
        """What a container has, or is about to have, of the devices that are wanted; None for nothing."""
        if self._ours(item):
            # One that is in the place of no session's container is nobody's.
            mine = _claimed_for(item) == asking.session_id
            if item.get("State") != "created" or mine or not _container_of(item):
                return None
            here = launcher_mark.is_here(labels.launcher)
            stands, starting = here and self._used(item), _container_of(item)
        elif self._is_session(item, labels, strangers):
            stands, starting = item.get("State") != "created" or self._launcher_lives(labels), item["Id"]
        else:
            return self._of_stranger(item, labels, asking, strangers)
        devices = held_by_order(labels.devices, asking.known) & asking.uuids
        if not devices:
            return None
        claim = Claim(_holder(item, labels), devices, _age(item, labels), held=item.get("State") != "created")
        if stands or _may_stand_elsewhere(item, labels):
            return claim
        if starting in asking.void:
            return None
        if starting in asking.doubtful and not self._runs(starting):
            asking.void.add(starting)
            return None
        # What its launcher asked for last may just have reached the engine: the next look tells.
        asking.doubtful.add(starting)
        return replace(claim, age=(inf, inf, item["Id"]))

    def _runs(self, container_id: str) -> bool:
        """Whether it runs, or may do so in a moment."""
        try:
            return self._look_at(container_id) in RUNS
        except EngineUnreachable:
            return True

    def _look_at(self, container_id: str) -> str:
        """Its state, of one that is being started the state after that; empty where there is none."""
        try:
            with translated(container_id, gone=True):
                told = self._link.reader.get(f"/containers/{container_id}/json")
        except SessionGone:
            return ""
        return str(told["State"].get("Status"))

    def _is_session(self, item: Mapping[str, Any], labels: Labels, strangers: Round) -> bool:
        if not labels.ours:
            return False
        # Podman before 5.2 lists no mounts.
        told = item if item.get("Mounts") else strangers.of(item)
        mounts = (told or item).get("Mounts") or ()
        # Images made of sessions (docker commit) pass the labels on.
        return home_volume(labels.id) in {mount.get("Name") for mount in mounts}

    def _of_stranger(
        self, item: Mapping[str, Any], labels: Labels, asking: _Asking, strangers: Round
    ) -> Claim | None:
        details = asking.strangers.get(item["Id"]) or strangers.of(item)
        if details is None:
            return None
        asking.strangers[item["Id"]] = details
        created = item.get("State") == "created"
        if created and not holds(details, lambda _: False, datetime.now(UTC)):
            return None
        if watches(details, self._watchers):
            return None
        devices = held_by(details, asking.known, asking.runtimes) & asking.uuids
        if not devices:
            return None
        holder = holder_in(details, asking.known, asking.runtimes)
        return Claim(holder, devices, _age(item, labels), held=True)


def _claimed_for(item: Mapping[str, Any]) -> str:
    """The session that a container claims devices for; empty where it is no claim."""
    return str((item.get("Labels") or {}).get(CLAIM_LABEL, ""))


def _container_of(item: Mapping[str, Any]) -> str:
    """The session's container, of a claim; empty where the label says none, which may be a stranger's."""
    told = str((item.get("Labels") or {}).get(CONTAINER_LABEL, ""))
    return told if _CONTAINER_ID.match(told) else ""


def _holder(item: Mapping[str, Any], labels: Labels) -> Holder:
    return holder_by_labels(labels, item["Id"], _claimed_for(item) or labels.id)


def _age(item: Mapping[str, Any], labels: Labels) -> Age:
    made, told = item.get("Created"), labels.created_at
    return (
        float(made) if isinstance(made, int | float) else 0.0,
        told.timestamp() if told else 0.0,
        str(item["Id"]),
    )


def _may_stand_elsewhere(item: Mapping[str, Any], labels: Labels) -> bool:
    """Whether it may be of a process of another machine that is still at it."""
    if launcher_mark.is_here(labels.launcher):
        return False
    made = item.get("Created")
    return isinstance(made, int | float) and abs(time.time() - made) < ELSEWHERE_SECONDS


def _payload(session: Session, container_id: str, image: str) -> dict[str, Any]:
    """A container that is never started, for the engine's ``POST /containers/create``."""
    return {
        "Image": image,
        "Entrypoint": ["true"],
        "Cmd": [],
        "Env": [NO_GPUS],
        "Labels": {
            CLAIM_LABEL: session.id,
            CONTAINER_LABEL: container_id,
            PREFIX + "name": session.name,
            PREFIX + "owner": session.owner.name,
            PREFIX + "uid": str(session.owner.uid),
            PREFIX + "gid": str(session.owner.gid),
            PREFIX + "created-at": datetime.now(UTC).isoformat(),
            PREFIX + "order": json.dumps(
                {"devices": list(session.devices), **({"shared": True} if session.gpu_shared else {})}
            ),
            LAUNCHER_LABEL: launcher_mark.mark(),
            # An image made of a session passes that session's id on.
            ID_LABEL: "",
        },
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": {"NetworkMode": "none", "CapDrop": ["ALL"]},
    }
