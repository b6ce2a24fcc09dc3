"""The GPUs of the engine, one a line: who has which, those that would be taken, and those marked by hand."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from sessiontui.domain.gpu import Gpu
from sessiontui.domain.gpu_words import in_order
from sessiontui.ui.device_rows import AUTOMATIC, BY_HAND, LEFT, NOT_TO_HAVE, columns_of, device_row

_NOTHING: Mapping[str, int] = MappingProxyType({})


class DeviceList(OptionList):
    """Devices with boxes. A mark made by hand stays while the device is there and can be given."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "select", "Mark or unmark", show=False),
    ]
    """
    | Key(s) | Description |
    | :- | :- |
    | space, enter | Mark the device, or take the mark back |
    """

    class Changed(Message):
        """The person marked a device, or took a mark back."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 # Textual's own word
        super().__init__(id=id, markup=False, compact=True)
        self._gpus: tuple[Gpu, ...] = ()
        self._used = _NOTHING
        self._marked: frozenset[str] = frozenset()
        self._automatic: frozenset[str] = frozenset()

    @property
    def marked(self) -> tuple[str, ...]:
        """UUIDs of those marked by hand, in the list's order."""
        return tuple(gpu.uuid for gpu in self._gpus if gpu.uuid in self._marked)

    def show(self, gpus: Collection[Gpu], used: Mapping[str, int]) -> None:
        """List these devices; ``used`` are the bytes in use by UUID, as far as they are known."""
        cursor = self._gpus[self.highlighted].uuid if self.highlighted is not None else ""
        self._gpus, self._used = tuple(sorted(gpus, key=in_order)), used
        self._marked &= {gpu.uuid for gpu in gpus if gpu.givable}
        rows = zip(self._gpus, self._rows(), strict=True)
        self.set_options(Option(row, disabled=not gpu.givable) for gpu, row in rows)
        able = [index for index, gpu in enumerate(self._gpus) if gpu.givable]
        again = [index for index in able if self._gpus[index].uuid == cursor]
        self.highlighted = next(iter(again or able), None)

    def unmark(self) -> None:
        """Take all marks back."""
        self._marked = frozenset()
        self._draw()

    def take_automatic(self, gpus: Collection[Gpu]) -> None:
        """These would be taken now; the first of them is brought into view."""
        before, self._automatic = self._automatic, frozenset(gpu.uuid for gpu in gpus)
        self._draw()
        if self._automatic != before and self._automatic and not self.has_focus:
            first = next(index for index, gpu in enumerate(self._gpus) if gpu.uuid in self._automatic)
            self.highlighted = first

    def _mark_of(self, gpu: Gpu) -> str:
        if not gpu.givable:
            return NOT_TO_HAVE
        if gpu.uuid in self._marked:
            return BY_HAND
        return AUTOMATIC if gpu.uuid in self._automatic else LEFT

    def _rows(self) -> Sequence[Text]:
        columns = columns_of(self._gpus, self._used, self.size.width or 1000)
        return [device_row(gpu, self._mark_of(gpu), self._used, columns) for gpu in self._gpus]

    def _draw(self) -> None:
        for index, row in enumerate(self._rows()):
            if self.get_option_at_index(index).prompt != row:
                self.replace_option_prompt_at_index(index, row)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Mark the device, or take the mark back."""
        event.stop()
        self._marked ^= {self._gpus[event.option_index].uuid}
        self._draw()
        self.post_message(self.Changed())

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """The cursor is nobody else's affair."""
        event.stop()

    def on_resize(self, event: events.Resize) -> None:
        """Other columns."""
        self._draw()
