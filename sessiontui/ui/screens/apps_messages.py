"""What the app dialog is told by what it asked in the background."""

from __future__ import annotations

from textual.message import Message

from sessiontui.actions.app_life import OfferedApp
from sessiontui.domain.errors import SessiontuiError
from sessiontui.domain.session import Endpoint


class Offered(Message):
    """The session said what it can run."""

    def __init__(self, apps: tuple[OfferedApp, ...]) -> None:
        super().__init__()
        self.apps = apps


class Opened(Message):
    """An app answers."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__()
        self.endpoint = endpoint


class Ended(Message):
    """An app was ended."""

    def __init__(self, app: str) -> None:
        super().__init__()
        self.app_name = app


class Printed(Message):
    """The last output of an app is there."""

    def __init__(self, app: str, output: str) -> None:
        super().__init__()
        self.app_name = app
        self.output = output


class Failed(Message):
    """The session could not be asked, or something done with an app (by name) went wrong."""

    def __init__(self, error: SessiontuiError, app: str | None) -> None:
        super().__init__()
        self.error = error
        self.app_name = app


class Said(Message):
    """Something was done that is worth a sentence."""

    def __init__(self, text: str, *, failed: bool = False) -> None:
        super().__init__()
        self.text = text
        self.failed = failed
