"""What the launch dialog knows, and what it makes of a draft without asking anybody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sessiontui.actions.launch import refused_fields
from sessiontui.domain.environment import App, Environment
from sessiontui.domain.errors import Problem, Refused
from sessiontui.domain.folder import Folder
from sessiontui.domain.launch import Draft, Order, check
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


Found = EngineFound | CatalogueFound | FoldersFound | Order


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
        )
    except Refused as refusal:
        problems = refusal.problems
    if problems or typed_wrong:
        return refused_fields(Refused((*problems, *typed_wrong)))
    return order
