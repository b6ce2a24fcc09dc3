"""What the launch dialog knows, and what it makes of a draft without asking anybody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from sessiontui.actions.environments import found_environments
from sessiontui.actions.launch import Launcher, preferred_version, ready_images, refused_fields
from sessiontui.actions.ports import Ports
from sessiontui.domain.environment import App, Environment
from sessiontui.domain.errors import Problem, Refused
from sessiontui.domain.folder import Folder
from sessiontui.domain.launch import Draft, Order, check
from sessiontui.domain.picture import Picture
from sessiontui.domain.record import Record
from sessiontui.domain.repeat import repeated_name
from sessiontui.domain.resources import Capacity
from sessiontui.domain.session import Owner, Session


@dataclass(frozen=True, slots=True)
class EngineFound:
    """What the engine told for one opening of the dialog."""

    capacity: Capacity
    sessions: tuple[Session, ...]
    images: frozenset[str]
    """Those a launch starts from at once."""
    preferred: Mapping[str, str]
    """By environment, the version to start from."""
    suggestion: str
    """A free name."""
    found: tuple[Environment, ...] = ()
    """Environments that images on it describe."""
    gpu_memory_used: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Bytes in use of GPUs, by UUID, as far as a driver has told."""


@dataclass(frozen=True, slots=True)
class RoomFound:
    """What the engine can give now, while the dialog is open."""

    capacity: Capacity
    gpu_memory_used: Mapping[str, int]

    def of(self, engine: EngineFound) -> EngineFound:
        """The engine as it is with that."""
        return replace(engine, capacity=self.capacity, gpu_memory_used=self.gpu_memory_used)


@dataclass(frozen=True, slots=True)
class CatalogueFound:
    """The environments there are."""

    environments: tuple[Environment, ...]
    other_apps: tuple[App, ...]


@dataclass(frozen=True, slots=True)
class FoldersFound:
    """The folders there are; ``made`` is the one just made here."""

    folders: tuple[Folder, ...]
    made: str | None = None


Found = EngineFound | RoomFound | CatalogueFound | FoldersFound | Order


def find_catalogue(ports: Ports) -> CatalogueFound:
    """Read the environments. Raises ConfigError."""
    return CatalogueFound(ports.catalogue.environments(), ports.catalogue.other_apps())


def find_engine(
    ports: Ports, launcher: Launcher, names_in_preparation: frozenset[str], repeated: Session | Record | None
) -> EngineFound:
    """Ask the engine; ``repeated`` is the launch that is done once more. Raises EngineError, ConfigError."""
    found = found_environments(ports)
    sessions = ports.engine.glance()
    preferred = {one.name: preferred_version(ports, one).name for one in ports.catalogue.environments()}
    return EngineFound(
        launcher.capacity(),
        sessions,
        ready_images(ports),
        preferred | {one.name: one.default for one in found},
        _suggestion(ports, launcher, names_in_preparation, repeated),
        found,
        _gpu_memory_used(ports, sessions),
    )


def find_room(ports: Ports, launcher: Launcher) -> RoomFound:
    """Ask the engine and the drivers what can be given. Raises EngineError."""
    return RoomFound(launcher.capacity(), _gpu_memory_used(ports, ports.engine.glance()))


def who_has_gpus(picture: Picture) -> tuple[object, ...] | None:
    """What differs between two pictures when other devices are there, or other people have them.

    None where that is not known.
    """
    room = picture.capacity
    if room is None:
        return None
    return room.gpu_trouble, *((gpu.uuid, gpu.holders, gpu.trouble, gpu.divided) for gpu in room.gpus)


def _gpu_memory_used(ports: Ports, sessions: Sequence[Session]) -> Mapping[str, int]:
    if not ports.engine.facts().local:
        return MappingProxyType({})
    readings = ports.gpus.sample(sessions).readings.values()
    return {one.uuid: one.memory for one in readings if one.memory is not None}


def _suggestion(
    ports: Ports, launcher: Launcher, names: frozenset[str], repeated: Session | Record | None
) -> str:
    if repeated is None:
        return launcher.suggest_name(names)
    session = repeated.session if isinstance(repeated, Record) else repeated
    mine = {one.name for one in ports.engine.glance() if one.owner.uid == ports.owner.uid}
    return repeated_name(session.name, mine | names)


def judge(
    draft: Draft,
    typed_wrong: Sequence[Problem],
    *,
    owner: Owner,
    engine: EngineFound,
    catalogue: CatalogueFound,
    folders: FoldersFound,
    names_in_preparation: Iterable[str],
) -> Order | dict[str, str]:
    """The order the draft would make, or its problems by field.

    ``typed_wrong`` is what could not even be read into the draft. The order carries no id: the one to
    launch is made by the launcher, from what the engine says then.
    """
    problems: tuple[Problem, ...] = ()
    try:
        order = check(
            draft,
            session_id="",
            owner=owner,
            environments=(*catalogue.environments, *engine.found),
            other_apps=catalogue.other_apps,
            folders=folders.folders,
            capacity=engine.capacity,
            sessions=engine.sessions,
            names_in_preparation=names_in_preparation,
            gpu_memory_used=engine.gpu_memory_used,
        )
    except Refused as refusal:
        problems = refusal.problems
    if problems or typed_wrong:
        return refused_fields(Refused((*problems, *typed_wrong)))
    return order
