"""Environments that nothing but images on the engine describe: by labels, or by a convention of names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sessiontui.catalogue.backendai import Described, described
from sessiontui.catalogue.image_names import ImageName, image_name, split_reference
from sessiontui.catalogue.services import apps_of
from sessiontui.domain.environment import IMAGE, OTHER, App, Environment, FoundImage, Version
from sessiontui.domain.launch import SMALLEST

_OCI = "org.opencontainers.image."
"""Annotations of the OCI image specification, as labels (``annotations.md``)."""

_STACK = re.compile(r"(?:.*/)?jupyter/[a-z0-9-]+-notebook")
"""Repositories of the Jupyter Docker Stacks: on quay.io, and formerly on Docker Hub."""

_LONGEST = 80
"""Characters of a label that are shown."""


@dataclass(frozen=True, slots=True)
class _Found:
    """An image that describes itself."""

    repository: str
    name: ImageName
    version: Version
    description: str
    place: int
    """Which convention it follows: images of one stand together."""


def found_environments(
    images: Iterable[FoundImage], known: Sequence[Environment], apps: Mapping[str, App]
) -> tuple[Environment, ...]:
    """One environment a repository, the newest version first; without what ``known`` ones use already.

    Its name is the end of its repository, as short as it can be told from the others by. ``apps`` are those
    of the catalogue by name.
    """
    used = {_canonical(name) for one in known for version in one.versions for name in _images(version)}
    repositories: dict[str, list[_Found]] = {}
    for image in images:
        if _canonical(image.reference) not in used and (one := _found(image, apps)) is not None:
            repositories.setdefault(one.repository, []).append(one)
    names = _names(repositories, {one.name for one in known})
    environments = []
    for repository, group in repositories.items():
        group.sort(key=lambda one: _natural(one.version.name), reverse=True)
        place = (group[0].place, group[0].name.place)
        environments.append((place, _environment(names[repository], group)))
    environments.sort(key=lambda one: (one[0], one[1].label.casefold(), one[1].name))
    return tuple(environment for _, environment in environments)


def _environment(name: str, group: Sequence[_Found]) -> Environment:
    newest = next((one for one in group if not one.version.hidden), group[0])
    return Environment(
        name=name,
        label=newest.name.label,
        versions=tuple(one.version for one in group),
        default=newest.version.name,
        apps=newest.version.apps or (),
        minimum=newest.version.minimum or SMALLEST,
        description=newest.description,
        source=IMAGE,
        group=newest.name.group,
    )


def _found(image: FoundImage, apps: Mapping[str, App]) -> _Found | None:
    repository, tag = split_reference(image.reference)
    name = image_name(image.reference)
    version = Version(
        tag,
        image.reference,
        label=name.version,
        tags=name.tags,
        apps=tuple(apps.values()),
        size=image.size,
    )
    description = _text(image.labels, _OCI + "description")
    if (words := described(image.labels)) is not None:
        return _Found(repository, name, _by_labels(version, words, apps), description, 0)
    title, said = _text(image.labels, _OCI + "title"), _text(image.labels, _OCI + "version")
    if _STACK.fullmatch(repository):
        # Their tags are dates and releases, not lists of parts.
        return _Found(repository, name, replace(version, label=tag, tags=()), description, 1)
    if title:
        name = ImageName(title, "", said or name.version, name.tags)
        tags = name.tags if not said else () if said == tag else (tag,)
        return _Found(repository, name, replace(version, label=name.version, tags=tags), description, 2)
    if said:
        # Without a title it may well be the version of the image that this one is made from.
        return _Found(repository, name, version, description, 2)
    return None


def _by_labels(version: Version, image: Described, apps: Mapping[str, App]) -> Version:
    tags = version.tags
    if image.customized:
        tags = (*(tag for tag in tags if tag != "Customized"), f"Customized {_shown(image.customized)}")
    return replace(
        version,
        tags=tags,
        accelerators=image.accelerators,
        minimum=image.minimum,
        ceiling=image.ceiling,
        apps=apps_of(image, apps),
        shared_memory=image.shared_memory,
        core_variables=image.core_variables,
        hidden=image.hidden,
    )


def _names(repositories: Iterable[str], taken: set[str]) -> dict[str, str]:
    """The shortest end of each repository's full name that no other has and nothing is called yet."""
    parts = {one: _canonical(one).rpartition(":")[0].split("/") for one in repositories}
    ends = {one: ["/".join(words[-n:]) for n in range(1, len(words) + 1)] for one, words in parts.items()}
    counted = Counter(end for each in ends.values() for end in each)
    return {
        one: next((end for end in each if counted[end] == 1 and end not in taken | {OTHER}), each[-1])
        for one, each in ends.items()
    }


def _canonical(reference: str) -> str:
    """With the registry that is meant where none is named."""
    repository, tag = split_reference(reference)
    first, slash, _ = repository.partition("/")
    if not slash:
        repository = f"docker.io/library/{repository}"
    elif "." not in first and ":" not in first and first != "localhost":
        repository = f"docker.io/{repository}"
    return f"{repository}:{tag}"


def _images(version: Version) -> tuple[str, ...]:
    return tuple(filter(None, (version.image, version.base)))


def _natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts 3.10 after 3.9."""
    parts = re.split(r"([0-9]{1,18})", text)
    return tuple((1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts)


def _text(labels: Mapping[str, str], name: str) -> str:
    return _shown(str(labels.get(name, "")))


def _shown(text: str) -> str:
    """A stranger's text for people to read: one line without control characters."""
    line = " ".join(text[: _LONGEST * 4].split())[:_LONGEST]
    return "".join(sign for sign in line if sign.isprintable()).strip()
