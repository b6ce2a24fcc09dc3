"""What a tab is that shows something else than sessions, and where such tabs stand.

A pane is made and mounted when it is first shown: until then it costs nothing, not even its import.
Its commands are classes like all others whose ``tab`` is the pane's name; their keys hold while it is
shown. ``why_not`` and ``label_for`` of theirs get what the pane's cursor stands on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget

from sessiontui.domain.picture import Picture
from sessiontui.ui.commands import COMMANDS

if TYPE_CHECKING:
    from sessiontui.ui.desk import Desk


def bindings(tab: str) -> list[Binding]:
    """The keys of the commands of that tab, for the pane's class: they overtake those of everywhere."""
    return [
        Binding(one.keys, f"screen.command('{one.name}')", one.label, id=one.name, show=False)
        for one in COMMANDS
        if one.tab == tab
    ]


class Pane(Vertical):
    """A base: who builds on it composes a list and a text for when the list is empty."""

    DEFAULT_CSS = """
    Pane {
        height: 1fr;
    }
    """

    listing: ClassVar[type[Widget]]
    """The kind of its list, of which it has one: gets the focus, and is what the filter is about."""
    filtered: ClassVar[str] = "name"
    """Where the filter looks for words, to be read by a person."""
    ever_seeing: ClassVar[bool] = False
    """Whether sessions that come and go change its number also while another pane is shown."""

    class Counted(Message):
        """How many things the pane lists, without the filter, has changed."""

        def __init__(self, name: str, count: int) -> None:
            super().__init__()
            self.name = name
            self.count = count

    class Moved(Message):
        """The cursor stands on something else, or on the same thing changed: keys are judged anew."""

    def __init__(self, desk: Desk, name: str) -> None:
        super().__init__(name=name)
        self.desk = desk

    @property
    def under_cursor(self) -> object:
        """What its commands are about; None for nothing."""
        return None

    def enter(self) -> None:
        """It is shown from now on: read what it lists."""

    def leave(self) -> None:
        """It is not shown any more: end what nobody waits for."""

    def see(self, picture: Picture) -> None:
        """The picture changed while it is shown, or once it was where :attr:`ever_seeing`."""

    def show_matching(self, words: str) -> None:
        """List only what has all these words; empty for everything."""


@dataclass(frozen=True, slots=True)
class PaneKind:
    """One such tab."""

    name: str
    """What the ``tab`` of its commands says."""
    title: str
    load: Callable[[], type[Pane]]
    """Brings its class in."""


class PaneStand(Vertical):
    """Where panes stand: shows one of them, or none."""

    DEFAULT_CSS = """
    PaneStand {
        height: 1fr;
    }
    """

    def __init__(self, desk: Desk, *, id: str | None = None) -> None:  # noqa: A002 # Textual's own name for it
        super().__init__(id=id)
        self._desk = desk
        self._panes: dict[str, Pane] = {}
        self.current: Pane | None = None
        """The one that is shown."""
        self._entered: Pane | None = None
        """The same, once it is mounted and was told."""
        self.display = False

    def show(self, kind: PaneKind | None, picture: Picture, words: str) -> None:
        """Show another one, or None; nothing changes where it is shown already."""
        name = kind.name if kind else None
        if name == (self.current.name if self.current else None):
            return
        if self.current is not None:
            if self.current is self._entered:
                self.current.leave()
            self.current.display = False
        self._entered = None
        self.display = kind is not None
        self.current = self._panes.get(kind.name) if kind else None
        if kind is None:
            return
        if self.current is None:
            self.current = self._panes[kind.name] = kind.load()(self._desk, kind.name)
            self.mount(self.current)
        self.current.display = True
        self.call_after_refresh(self._enter, self.current, picture, words)

    def see(self, picture: Picture) -> None:
        """Hand on a picture that changed to whom it is about."""
        for pane in self._panes.values():
            if pane is self.current or (pane.ever_seeing and pane.is_mounted):
                pane.see(picture)

    def _enter(self, pane: Pane, picture: Picture, words: str) -> None:
        # Tabs change faster than panes are mounted.
        if pane is self.current:
            self._entered = pane
            pane.enter()
            pane.see(picture)
            pane.show_matching(words)
            pane.query_one(pane.listing).focus()
