"""One file, looked at: text, an image, or what it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen

from sessiontui.domain.errors import SessiontuiError
from sessiontui.domain.files import Head
from sessiontui.ui import present
from sessiontui.ui.background import in_background
from sessiontui.ui.present import Cell, Span, clean
from sessiontui.ui.preview import Lines, Picture, Preview, preview
from sessiontui.ui.styles import stylesheet
from sessiontui.ui.widgets.command_bar import CommandBar, Hint
from sessiontui.ui.widgets.image_view import ImageView
from sessiontui.ui.widgets.lines import Lines as LinesWidget
from sessiontui.ui.widgets.log_view import LogView

_TEXT_KEYS = (Hint("wrap", "w", "wrap"), Hint("leave", "esc", "back"))
_IMAGE_KEYS = (Hint("leave", "esc", "back"),)


class PreviewScreen(Screen[None]):
    """Reads the beginning of a file beside the keys and shows it."""

    COMPONENT_CLASSES = present.STYLES
    CSS_PATH = [stylesheet("files.tcss")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Back"),
        Binding("w", "wrap", "Wrap"),
    ]

    class Read(Message):
        """The file was looked at."""

        def __init__(self, found: Preview) -> None:
            super().__init__()
            self.found = found

    class Failed(Message):
        """The file could not be read."""

        def __init__(self, error: SessiontuiError) -> None:
            super().__init__()
            self.error = error

    def __init__(self, name: str, read: Callable[[int], Head]) -> None:
        """``read`` gives the first so many bytes; it blocks and raises SessiontuiError."""
        super().__init__()
        self._title = name
        self._read = read

    def compose(self) -> ComposeResult:
        """A line with the name, the content, and the keys."""
        yield LinesWidget(id="preview-title")
        yield LogView(id="preview-text", follow=False)
        yield ImageView(id="preview-image")
        yield CommandBar(id="files-keys")

    def on_mount(self) -> None:
        """Read at once."""
        self.query_one(ImageView).display = False
        self._show_title("reading…")
        self.query_one(LogView).focus()
        self.query_one(CommandBar).show_hints(_TEXT_KEYS)
        self.run_worker(self._look())

    async def _look(self) -> None:
        try:
            found = await in_background(preview, self._read)
        except SessiontuiError as error:
            self.post_message(self.Failed(error))
        else:
            self.post_message(self.Read(found))

    def _show_title(self, facts: str) -> None:
        line: Cell = (Span(f" {clean(self._title)}", "name"), Span(f"  {clean(facts)}", "muted"))
        self.query_one("#preview-title", LinesWidget).show(line)

    @on(Read)
    def show(self, message: Read) -> None:
        """Show what was found."""
        found = message.found
        self._show_title(found.facts)
        match found:
            case Picture():
                self.query_one(LogView).display = False
                image = self.query_one(ImageView)
                image.display = True
                image.show(found)
                self.query_one(CommandBar).show_hints(_IMAGE_KEYS)
            case Lines(lines):
                self.query_one(LogView).append([clean(line) for line in lines])

    @on(Failed)
    def tell(self, message: Failed) -> None:
        """Say why there is nothing to see."""
        error = message.error
        self._show_title("cannot be read")
        self.query_one(LogView).append([clean(one) for one in (error.message, error.hint) if one])

    @on(CommandBar.CommandClicked)
    async def do_what_was_clicked(self, message: CommandBar.CommandClicked) -> None:
        """A key that was clicked is a key that was pressed."""
        await self.run_action(message.command)

    def action_wrap(self) -> None:
        """Wrap long lines, or let them run out to the right."""
        self.query_one(LogView).toggle_wrap()

    def action_leave(self) -> None:
        """Back to the list."""
        self.dismiss(None)
