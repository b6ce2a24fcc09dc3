"""A slider for an amount of which only some is free."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from sessiontui.ui.present import clean, truncate
from sessiontui.ui.widgets.scale import Scale

_LEAST_BAR = 8
"""Columns below which the bar gives way no further and the text is shortened instead."""

_READOUT = 24
"""Columns kept for the text where there is room, so that sliders above each other line up."""


class Slider(Widget, can_focus=True):
    """Sets an amount between a minimum and a maximum, with what is free marked.

    The bar stands for the whole, from nothing to the maximum. Beyond the free mark both the line and
    the text change their signs, not only their colour.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "step(-1)", "Less", show=False),
        Binding("right,l", "step(1)", "More", show=False),
        Binding("shift+left,pagedown", "step(-10)", "Ten less", show=False),
        Binding("shift+right,pageup", "step(10)", "Ten more", show=False),
        Binding("home", "least", "Least", show=False),
        Binding("end", "most", "Most", show=False),
    ]
    """
    | Key(s) | Description |
    | :- | :- |
    | left, right, h, l | One step less or more |
    | shift+left, shift+right, pagedown, pageup | Ten steps |
    | home, end | The least, the most |
    | digits | Type the amount; enter sets it, escape drops it |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "slider--taken",
        "slider--free",
        "slider--mark",
        "slider--beyond",
        "slider--beyond-rest",
        "slider--handle",
        "slider--amount",
        "slider--muted",
    }

    DEFAULT_CSS = """
    Slider {
        width: 1fr;
        height: 1;
        min-width: 24;
        pointer: pointer;

        & > .slider--taken { color: $primary; }
        & > .slider--free { color: $foreground 45%; }
        & > .slider--mark { color: $foreground; }
        & > .slider--beyond { color: $warning; }
        & > .slider--beyond-rest { color: $warning 55%; }
        & > .slider--handle { color: $primary; text-style: bold; }
        & > .slider--amount { color: $foreground; text-style: bold; }
        & > .slider--muted { color: $foreground 65%; }

        &:focus { background: $foreground 8%; }
        &:disabled { pointer: default; }
    }
    """

    PAUSE = 1.2
    """Seconds after the last typed digit until the typed amount is set."""

    value: reactive[float] = reactive(0.0)
    """The amount, always within the range."""
    minimum: reactive[float] = reactive(0.0)
    """The least that can be set."""
    maximum: reactive[float] = reactive(1.0)
    """The most that can be set: the whole of the bar."""
    free: reactive[float | None] = reactive[float | None](None)
    """What nobody else holds; None where that is unknown."""
    reason: reactive[str] = reactive("")
    """Why nothing can be set here; the slider is disabled while it has one."""

    class Changed(Message):
        """The person changed the amount."""

        def __init__(self, slider: Slider, value: float) -> None:
            super().__init__()
            self.slider = slider
            self.value = value

        @property
        def control(self) -> Slider:
            """The slider that was changed."""
            return self.slider

    def __init__(
        self,
        scale: Scale,
        *,
        reason: str = "",
        name: str | None = None,
        id: str | None = None,  # noqa: A002 # Textual's own word
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.scale = scale
        """How the amount is stepped and written."""
        self._typed = ""
        self._notice = ""
        self._typing: Timer | None = None
        self._dragging = False
        self.set_reactive(Slider.reason, reason)
        self.disabled = bool(reason)

    def set_range(self, minimum: float, maximum: float, free: float | None) -> None:
        """Take new borders; the amount is brought within them."""
        self.minimum, self.maximum, self.free = minimum, maximum, free
        self.value = self.value

    def validate_value(self, value: float) -> float:
        """Keep the amount within the range."""
        return max(self.minimum, min(value, self.maximum))

    def watch_reason(self, reason: str) -> None:
        """A slider with a reason takes no input."""
        self.disabled = bool(reason)

    # What it looks like

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """One line, always."""
        return 1

    def render(self) -> RenderResult:
        """Bar and text."""
        width = self.size.width
        muted = self.get_component_rich_style("slider--muted", partial=True)
        if self.reason:
            return Text(truncate(f" {clean(self.reason)}", width), style=muted, no_wrap=True)
        cells = self._bar_cells(width)
        left, right = ("◂", "▸") if self.has_focus else (" ", " ")
        line = Text(no_wrap=True, end="")
        line.append(left, self.get_component_rich_style("slider--handle", partial=True))
        line.append_text(self._bar(cells))
        line.append(right, self.get_component_rich_style("slider--handle", partial=True))
        line.append(" ")
        line.append_text(self._readout(width - cells - 3))
        return line

    def _bar_cells(self, width: int) -> int:
        wanted = max(_READOUT, max(map(cell_len, self._texts(self.maximum))))
        least = cell_len(self._texts(self.maximum)[-1])
        room = width - 3
        if room - wanted >= _LEAST_BAR * 2:
            return room - wanted
        return max(3, min(_LEAST_BAR, room - least))

    def _column(self, amount: float, cells: int) -> int:
        share = amount / self.maximum if self.maximum else 0.0
        return max(0, min(cells - 1, round(share * (cells - 1))))

    def _bar(self, cells: int) -> Text:
        handle = self._column(self.value, cells)
        # The mark stands behind the last free column, so that an amount that is free never covers it.
        mark = cells if self.free is None else self._column(min(self.free, self.maximum), cells)
        all_free = self.free is None or self.free >= self.maximum
        over = self._is_beyond(self.value)
        bar = Text(no_wrap=True, end="")
        for column in range(cells):
            beyond = not all_free and column > mark
            if column == handle:
                sign, style = ("◆" if over else "●"), ("beyond" if over else "handle")
            elif column == mark and not all_free:
                sign, style = "┊", "mark"
            elif column < handle:
                sign, style = ("╍", "beyond") if beyond else ("━", "taken")
            else:
                sign, style = ("╌", "beyond-rest") if beyond else ("─", "free")
            bar.append(sign, self.get_component_rich_style(f"slider--{style}", partial=True))
        return bar

    def _is_beyond(self, amount: float) -> bool:
        return self.free is not None and amount > self.free

    def _texts(self, amount: float) -> tuple[str, ...]:
        """What stands beside the bar, from the longest to the shortest."""
        text = self.scale.format(amount)
        whole = f"{text} of {self.scale.format(self.maximum)}"
        if self.free is None:
            return whole, text
        return f"{whole} · {self.scale.format(self.free)} free", whole, text

    def _readout(self, room: int) -> Text:
        amount = self.get_component_rich_style("slider--amount", partial=True)
        muted = self.get_component_rich_style("slider--muted", partial=True)
        if self._typed:
            return Text.assemble((f"{self._typed}▏", amount), (" enter sets"[: max(0, room - 6)], muted))
        if self._notice:
            return Text(truncate(self._notice, room), style=amount)
        texts = self._texts(self.value)
        text = next((one for one in texts if cell_len(one) <= room), texts[-1])
        first = self.scale.format(self.value)
        beyond = self._is_beyond(self.value)
        style = self.get_component_rich_style("slider--beyond", partial=True) if beyond else muted
        tail = text[len(first) :]
        if beyond and tail.endswith(" free"):
            tail = tail.replace(" · ", " ! ")
        return Text.assemble((first, amount), (tail, style))

    # What a person does to it

    def action_step(self, count: int) -> None:
        """Go that many steps up or down."""
        self._drop_typed()
        self._set(self.scale.step(self.value, count))

    def action_least(self) -> None:
        """Set the minimum."""
        self._drop_typed()
        self._set(self.minimum)

    def action_most(self) -> None:
        """Set the maximum."""
        self._drop_typed()
        self._set(self.maximum)

    def _set(self, amount: float) -> None:
        before = self.value
        self.value = amount
        self._notice = ""
        if amount > self.maximum:
            self._notice = f"{self.scale.format(self.maximum)} is the most"
        elif amount < self.minimum:
            self._notice = f"{self.scale.format(self.minimum)} is the least"
        self.refresh()
        if self.value != before:
            self.post_message(self.Changed(self, self.value))

    def on_key(self, event: events.Key) -> None:
        """Collect a typed amount."""
        character = (event.character or "").lower()
        begins = "0123456789." if "." in self.scale.marks else "0123456789"
        if character and character in begins + (self.scale.marks if self._typed else ""):
            self._type(self._typed + character)
        elif self._typed and event.key == "backspace":
            self._type(self._typed[:-1])
        elif self._typed and event.key == "enter":
            self._commit()
        elif self._typed and event.key == "escape":
            self._drop_typed()
        else:
            return
        event.stop()
        event.prevent_default()

    def _type(self, text: str) -> None:
        self._typed = text[:12]
        self._notice = ""
        self._stop_timer()
        if self._typed:
            self._typing = self.set_timer(self.PAUSE, self._commit)
        self.refresh()

    def _commit(self) -> None:
        typed = self._typed
        self._drop_typed()
        if not typed:
            return
        try:
            self._set(self.scale.parse(typed))
        except ValueError:
            self._notice = f"{typed} is no amount"
            self.refresh()

    def _drop_typed(self) -> None:
        self._typed = self._notice = ""
        self._stop_timer()
        self.refresh()

    def _stop_timer(self) -> None:
        if self._typing is not None:
            self._typing.stop()
            self._typing = None

    def on_blur(self) -> None:
        """Leaving the slider sets what was typed."""
        self._commit()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of the handle; the arrows beside the bar are one step, the text is nothing."""
        if event.button != 1 or self.reason:
            return
        event.stop()
        last = self._bar_cells(self.size.width) + 1
        if event.x in (0, last):
            self.action_step(1 if event.x else -1)
        elif event.x < last:
            self._dragging = True
            self.capture_mouse()
            self._set_at(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag the handle."""
        if self._dragging:
            event.stop()
            self._set_at(event.x)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let go of the handle."""
        if self._dragging:
            event.stop()
            self._dragging = False
            self.release_mouse()

    def _set_at(self, column: int) -> None:
        self._drop_typed()
        cells = self._bar_cells(self.size.width)
        share = (column - 1) / (cells - 1)
        amount = self.maximum if share >= 1 else self.scale.snap(max(0.0, share) * self.maximum)
        self._set(self.validate_value(amount))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """One step more; a slider without focus leaves the wheel to what it scrolls in."""
        if self.has_focus:
            event.stop()
            self.action_step(1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """One step less; a slider without focus leaves the wheel to what it scrolls in."""
        if self.has_focus:
            event.stop()
            self.action_step(-1)
