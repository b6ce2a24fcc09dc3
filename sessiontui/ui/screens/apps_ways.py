"""Lines that lead somewhere, each to be read, followed as a link, and copied whole."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Button, Static

from sessiontui.ui.present import clean
from sessiontui.ui.screens.apps_text import Way
from sessiontui.ui.widgets.line import Line


class WayView(Vertical):
    """One way: what it is for beside the button that copies it, and below that its line or lines."""

    def __init__(self, way: Way, index: int) -> None:
        super().__init__(classes="way")
        self.way = way
        self._index = index

    def compose(self) -> ComposeResult:
        """Nothing stands beside a line on its row."""
        with Horizontal(classes="way--head"):
            yield Static(clean(self.way.label), classes="way--label", markup=False)
            yield Button(f"{self.way.key} {clean(self.way.button)}", id=f"copy-{self._index}", compact=True)
        for line in self.way.line.splitlines():
            yield Line(line)


class WaysView(VerticalScroll, can_focus=False):
    """Any number of ways, scrolled where there is no room for all."""

    class Copied(Message):
        """A way's button was pressed, or a line of it clicked."""

        def __init__(self, way: Way) -> None:
            super().__init__()
            self.way = way

    async def show(self, ways: Sequence[Way]) -> None:
        """Show these in place of what was shown."""
        await self.remove_children()
        await self.mount_all([WayView(way, index) for index, way in enumerate(ways)])
        self.scroll_home(animate=False)

    @on(Button.Pressed)
    def copy_by_button(self, message: Button.Pressed) -> None:
        """The button beside it."""
        message.stop()
        self._tell(message.button)

    @on(Line.Clicked)
    def copy_by_click(self, message: Line.Clicked) -> None:
        """The line itself."""
        message.stop()
        self._tell(message.line)

    def _tell(self, inside: Button | Line) -> None:
        for one in inside.ancestors:
            if isinstance(one, WayView):
                self.post_message(self.Copied(one.way))
                return
