"""The message that a refresh has taken another picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from sessiontui.domain.picture import Picture


class PictureTaken(Message):
    """A refresh saw the engine, or failed to. Only the latest one waiting matters."""

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self.picture = picture

    def can_replace(self, message: Message) -> bool:
        """An older picture that nobody has looked at yet is not worth a look."""
        return isinstance(message, PictureTaken)
