"""The line in which a person types what to show."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input


class FilterBox(Input):
    """Hidden while nothing is typed; Enter gives the keys to the list that it filters."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # Before the key bubbles up: what is typed in one go after it is for the list.
        Binding("enter", "leave", "Filter", show=False, priority=True),
    ]

    def __init__(self, listing: type[Widget], places: str, *, id: str) -> None:  # noqa: A002
        """As ``is_about``."""
        super().__init__(id=id, compact=True)
        self.is_about(listing, places)
        self.display = False

    def is_about(self, listing: type[Widget], places: str) -> None:
        """Filter a list of that kind, of which the screen has one; words are looked for in these places."""
        self.listing = listing
        self.placeholder = f"filter: words in {places}"

    def open(self) -> None:
        """Take the keys."""
        self.display = True
        self.screen.set_focus(self)

    def action_leave(self) -> None:
        """Back to the list, the filter stays."""
        self.display = bool(self.value)
        self.screen.set_focus(self.screen.query_one(self.listing))

    def clear_and_leave(self) -> None:
        """Show all again."""
        self.value = ""
        self.action_leave()
