"""Environments that people saved from their sessions: images that say so by their label."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sessiontui.catalogue.image_names import split_reference
from sessiontui.domain.environment import SAVED_FROM, Environment, FoundImage, Version
from sessiontui.domain.launch import SMALLEST
from sessiontui.domain.saved import SAVED, SAVED_LABEL, Saved, read_label, saved_uid


def is_saved(image: FoundImage) -> bool:
    """Whether an image is called like one that was made of a session."""
    return image.reference.removeprefix("localhost/").startswith(SAVED)


def saved_environments(images: Iterable[FoundImage]) -> tuple[Environment, ...]:
    """One environment a repository, its newest version first; by their owners and names.

    An image whose name and label disagree about whose it is, is nobody's and left out.
    """
    repositories: dict[str, list[tuple[Saved, Version]]] = {}
    for image in images:
        repository, tag = split_reference(image.reference)
        saved = read_label(str(image.labels.get(SAVED_LABEL, "")))
        if saved is None or saved.uid != saved_uid(repository.removeprefix("localhost/")):
            continue
        version = Version(
            tag,
            image.reference,
            tags=(f"from {saved.made_of}",) if saved.made_of else (),
            base=saved.base,
            minimum=saved.minimum,
            apps=saved.apps,
            shared_memory=saved.shared_memory,
            core_variables=saved.core_variables,
            size=image.size,
        )
        repositories.setdefault(repository, []).append((saved, version))
    found = []
    for group in repositories.values():
        group.sort(key=lambda one: one[1].name, reverse=True)
        found.append(_environment(group))
    found.sort(key=lambda one: (one.owner, one.label.casefold(), one.name))
    taken: set[str] = set()
    for number, one in enumerate(found):
        if one.name in taken:
            # Two users of one name, or a label that lies: neither may hide the other.
            found[number] = replace(one, name=f"{one.uid}/{one.label}")
        taken.add(found[number].name)
    return tuple(found)


def _environment(group: list[tuple[Saved, Version]]) -> Environment:
    newest, version = group[0]
    return Environment(
        name=f"{newest.owner}/{newest.name}",
        label=newest.name,
        versions=tuple(one for _, one in group),
        default=version.name,
        apps=newest.apps,
        minimum=newest.minimum or SMALLEST,
        description=f"saved from a session of {newest.made_of}" if newest.made_of else "",
        source=SAVED_FROM,
        group=f"Saved by {newest.owner}",
        owner=newest.owner,
        uid=newest.uid,
    )
