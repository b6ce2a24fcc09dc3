"""Images of sessions, as :class:`~sessiontui.engine.memory.MemoryEngine` plays them."""

from __future__ import annotations

from collections.abc import Mapping

from sessiontui.domain.errors import ImageInUse, ImageUnavailable, SessionGone
from sessiontui.domain.saved import SAVED_LABEL
from sessiontui.domain.session import Session
from sessiontui.domain.units import MIB
from sessiontui.engine.memory_inside import MemoryInside

_SIZE = 700 * MIB
_ADDED = 12 * MIB


class MemorySaving(MemoryInside):
    """The part of the engine port that makes images of sessions, and removes images."""

    _images: dict[str, str]
    image_labels: dict[str, dict[str, str]]

    def image_sizes(self) -> Mapping[str, int]:
        """See the port."""
        self._answer()
        return dict.fromkeys(self._images, _SIZE)

    def remove_image(self, image: str) -> None:
        """See the port."""
        self._answer()
        self._fail("remove image")
        if image not in self._images:
            raise ImageUnavailable(f"{image} is not on the engine", "it was removed meanwhile")
        if any(one.image == image for one in self._sessions.values()):
            raise ImageInUse(f"{image} is in use by a container")
        del self._images[image]
        self.image_labels.pop(image, None)

    def layer_size(self, session: Session) -> int | None:
        """See the port."""
        return _ADDED if self._find(session).container_id is not None else None

    def save_image(self, session: Session, image: str, label: str) -> None:
        """See the port."""
        current = self._find(session)
        if current.container_id is None:
            raise SessionGone(
                f"only the home of {session.name} is left", "there is nothing to make an image of"
            )
        self._pause(1.0)
        self._fail("save")
        # It may have been deleted meanwhile.
        self._find(session)
        self._images[image] = ""
        self.image_labels[image] = {**self.image_labels.get(current.image, {}), SAVED_LABEL: label}
