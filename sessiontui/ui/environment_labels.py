"""What environments and their versions are called: learned from the catalogue, then from images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from sessiontui.actions.environments import environments
from sessiontui.domain.environment import OTHER, Environment
from sessiontui.domain.errors import SessiontuiError
from sessiontui.domain.picture import Picture
from sessiontui.ui.background import in_background
from sessiontui.ui.desk import Desk


class EnvironmentLabels:
    """Holds them. Its coroutines belong in Textual workers; ``learned`` is called when there are others."""

    def __init__(self, desk: Desk, learned: Callable[[], None]) -> None:
        self._desk = desk
        self._learned = learned
        self._asked: set[str] = set()
        self.labels: Mapping[str, str] = {}
        """By ``NAME`` of an environment and ``NAME:VERSION``; empty until the first are learned."""

    async def learn(self) -> None:
        """Learn those of the catalogue."""
        try:
            found = await in_background(self._desk.ports.catalogue.environments)
        except SessiontuiError as error:
            self._desk.tell(error)
        else:
            self._take(found)

    async def learn_of_images(self) -> None:
        """Learn also those that only images on the engine describe."""
        # While the engine does not answer, the banner says so, and names do without labels.
        with suppress(SessiontuiError):
            self._take(await in_background(lambda: environments(self._desk.ports, hidden=True)))

    def strange(self, picture: Picture) -> bool:
        """Whether a session has an environment that nobody has asked the images about yet."""
        shown = {one.environment for one in picture.sessions}
        new = shown - self.labels.keys() - self._asked - {OTHER}
        if not self.labels or not new:
            return False
        self._asked |= new
        return True

    def _take(self, found: Sequence[Environment]) -> None:
        self.labels = {one.name: one.label for one in found} | {
            f"{one.name}:{version.name}": version.label
            for one in found
            for version in one.versions
            if version.label
        }
        self._learned()
