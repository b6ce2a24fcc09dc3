"""What sessiontui asks of the catalogue of environments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from sessiontui.domain.environment import App, Environment, FoundImage


class Catalogue(Protocol):
    """The environments a person can choose."""

    def environments(self) -> tuple[Environment, ...]:
        """All of them, the default first. Raises ConfigError naming file and key."""

    def other_apps(self) -> tuple[App, ...]:
        """The apps looked for in an image that the person names outright."""

    def found(self, images: Iterable[FoundImage]) -> tuple[Environment, ...]:
        """The environments that images on the engine describe themselves, but those it has already."""

    def recipe(self, environment: Environment) -> Mapping[str, bytes]:
        """The files of the recipe's build context by path. Raises ConfigError."""

    def fingerprint(self, environment: Environment) -> str:
        """Changes whenever the recipe does."""
