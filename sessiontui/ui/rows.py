"""The rows of the session list: which there are, which match, in which order; purely."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sessiontui.actions.ports import why_not_touch
from sessiontui.domain.launch import Preparation
from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.domain.usage import UNKNOWN, Usage
from sessiontui.ui import gpu_cells, present
from sessiontui.ui.gpu_cells import NO_FIGURES, Figures
from sessiontui.ui.present import Cell

_USED_UP = (Phase.STOPPED, Phase.FINISHED, Phase.FAILED)
"""Phases in which a row tells why instead of what it uses."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list: a session, or a launch that has no container yet."""

    subject: Session | Preparation
    mine: bool
    environment: str
    gpu: Cell = ()
    """The numbers of its GPUs."""
    gpu_memory: int | None = None
    """Bytes that they have."""
    saving: bool = False
    """Whether an image is made of it at the moment."""
    stopping_since: float | None = None
    """When this dashboard began to stop or delete it, in seconds since the epoch."""

    @property
    def key(self) -> str:
        """Id of the session, the same before and after its container is there."""
        return self.subject.order.id if isinstance(self.subject, Preparation) else self.subject.id

    @property
    def name(self) -> str:
        """Name of the session."""
        return self.subject.order.name if isinstance(self.subject, Preparation) else self.subject.name

    @property
    def owner(self) -> str:
        """Name of who launched it."""
        return (
            self.subject.order.owner.name
            if isinstance(self.subject, Preparation)
            else self.subject.owner.name
        )

    @property
    def since(self) -> float:
        """When it was launched, in seconds since the epoch."""
        subject = self.subject
        return subject.since if isinstance(subject, Preparation) else subject.created_at.timestamp()

    @property
    def live(self) -> bool:
        """Whether it holds resources or is about to."""
        return isinstance(self.subject, Preparation) or self.subject.phase.live

    @property
    def markable(self) -> bool:
        """Whether it is a session that the person may stop and delete."""
        return self.mine and isinstance(self.subject, Session)

    @property
    def told(self) -> bool:
        """Whether a sentence stands in place of the figures."""
        return isinstance(self.subject, Preparation) or self.subject.phase in _USED_UP


def rows_of(picture: Picture, owner: Owner, labels: Mapping[str, str]) -> tuple[Row, ...]:
    """The rows of a picture, launches under way first; what changes from second to second is not in them."""
    gpus = {gpu.uuid: gpu for gpu in picture.capacity.gpus} if picture.capacity else {}
    rows = [
        Row(
            preparation,
            True,
            present.environment_text(
                preparation.order.environment, preparation.order.version, preparation.order.image, labels
            ),
        )
        for preparation in picture.preparations
    ]
    rows += [
        Row(
            session,
            why_not_touch(session, owner) is None,
            present.environment_text(session.environment, session.version, session.image, labels),
            gpu_cells.numbers_cell(session, gpus, owner.uid),
            gpu_cells.memory_of(session, gpus),
            session.id in picture.saving,
            picture.stopping.get(session.id),
        )
        for session in picture.sessions
    ]
    return tuple(rows)


def matching(rows: Iterable[Row], words: str) -> tuple[Row, ...]:
    """The rows in which every word occurs, in name, environment, owner, phase or image."""
    wanted = words.casefold().split()

    def text(row: Row) -> str:
        subject = row.subject
        image = subject.order.image if isinstance(subject, Preparation) else subject.image
        phase = subject.progress.step if isinstance(subject, Preparation) else subject.phase
        return f"{row.owner}/{row.name} {row.environment} {phase} {image}".casefold()

    return tuple(row for row in rows if all(word in text(row) for word in wanted))


# Sorting


def _by_gpu(row: Row, figures: Figures) -> tuple[object, ...]:
    """By how many devices it keeps busy, then by the memory it uses there, then by how many it has."""
    devices = len(row.subject.devices) if isinstance(row.subject, Session) and not row.told else 0
    return (-(figures.use.busy or 0.0) * devices, -(figures.use.memory or 0), -devices)


SORTS: Mapping[str, Callable[[Row, Usage, Figures], tuple[object, ...]]] = {
    "name": lambda row, usage, gpu: (),
    "environment": lambda row, usage, gpu: (row.environment.casefold(),),
    "phase": lambda row, usage, gpu: (str(row.subject.phase) if isinstance(row.subject, Session) else " ",),
    "age": lambda row, usage, gpu: (-row.since,),
    "cpu": lambda row, usage, gpu: (-(usage.cpu or 0.0),),
    "memory": lambda row, usage, gpu: (-(usage.memory or 0),),
    "gpu": lambda row, usage, gpu: _by_gpu(row, gpu),
}
"""What the rows can be sorted by: largest figures and youngest sessions first; names settle ties."""
BY_FIGURES = frozenset({"cpu", "memory", "gpu"})
"""Those whose order changes from second to second."""


def usage_of(row: Row, usage: Mapping[str, Usage]) -> Usage:
    """What the row's session uses; unknown unless it runs."""
    subject = row.subject
    if isinstance(subject, Session) and subject.phase is Phase.RUNNING:
        return usage.get(subject.id, UNKNOWN)
    return UNKNOWN


def ordered(
    rows: Iterable[Row],
    by: str,
    reverse: bool,
    usage: Mapping[str, Usage],
    gpu: Mapping[str, Figures] = MappingProxyType({}),
) -> tuple[Row, ...]:
    """The rows in that order; the person's own before others' where names are equal.

    ``usage`` and ``gpu`` are what sessions use, by id.
    """
    rule = SORTS[by]

    def key(row: Row) -> tuple[object, ...]:
        figures = gpu.get(row.key, NO_FIGURES)
        return (*rule(row, usage_of(row, usage), figures), row.name.casefold(), not row.mine, row.key)

    return tuple(sorted(rows, key=key, reverse=reverse))
