"""A slider sets an amount by keys, digits and mouse, and shows what of the whole is free."""

from __future__ import annotations

import asyncio

import pytest
from textual.app import App, ComposeResult
from textual.events import MouseScrollDown, MouseScrollUp
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.widgets import Button

from sessiontui.domain.units import GIB, MIB
from sessiontui.ui.widgets.scale import CORES, DEVICES, MEMORY, Scale
from sessiontui.ui.widgets.slider import Slider

COLUMNS = (1, 53)
"""Where the bar begins and ends on a screen of 80 columns."""


class SliderApp(App[None]):
    """One slider on a screen."""

    def __init__(
        self,
        scale: Scale = CORES,
        minimum: float = 1,
        maximum: float = 64,
        free: float | None = 12,
        value: float = 4,
        reason: str = "",
    ) -> None:
        super().__init__()
        self.slider = Slider(scale, reason=reason)
        self._start = (minimum, maximum, free, value)
        self.heard: list[float] = []
        self.told = asyncio.Event()

    def compose(self) -> ComposeResult:
        yield self.slider
        yield Button("next")

    def on_mount(self) -> None:
        minimum, maximum, free, value = self._start
        self.slider.set_range(minimum, maximum, free)
        self.slider.value = value

    def on_slider_changed(self, message: Slider.Changed) -> None:
        assert message.control is self.slider
        self.heard.append(message.value)
        self.told.set()

    @property
    def line(self) -> str:
        """What the slider shows."""
        return "".join(segment.text for segment in self.slider.render_line(0)).rstrip()


class TestScale:
    @pytest.mark.parametrize(
        ("scale", "amount", "count", "expected"),
        [
            (CORES, 1, 1, 1.5),
            (CORES, 4, 1, 5),
            (CORES, 4, -1, 3.5),
            (CORES, 0.1, 1, 0.5),
            (CORES, 2.3, 1, 2.5),
            (CORES, 2.3, -1, 2),
            (CORES, 8, 10, 18),
            (CORES, 0.5, -10, 0),
            (DEVICES, 0, 1, 1),
            (DEVICES, 3, -10, 0),
            (MEMORY, 512 * MIB, 1, 768 * MIB),
            (MEMORY, 4 * GIB, 1, 5 * GIB),
            (MEMORY, 4 * GIB, -1, 3840 * MIB),
            (MEMORY, 64 * GIB, 1, 68 * GIB),
            (MEMORY, 600 * MIB, -1, 512 * MIB),
            (MEMORY, 256 * GIB, 1, 272 * GIB),
        ],
    )
    def test_steps_grow_with_the_amount(
        self, scale: Scale, amount: float, count: int, expected: float
    ) -> None:
        assert scale.step(amount, count) == expected

    @pytest.mark.parametrize(
        ("scale", "text", "expected"),
        [
            (CORES, "2.5", 2.5),
            (DEVICES, "3", 3),
            (MEMORY, "16", 16 * GIB),
            (MEMORY, "1.5", 1.5 * GIB),
            (MEMORY, "512m", 512 * MIB),
            (MEMORY, "2g", 2 * GIB),
        ],
    )
    def test_amounts_are_read_as_people_type_them(self, scale: Scale, text: str, expected: float) -> None:
        assert scale.parse(text) == expected

    @pytest.mark.parametrize(
        ("amount", "text"), [(2.25 * GIB, "2.25G"), (768 * MIB, "768M"), (16 * GIB, "16G")]
    )
    def test_memory_is_written_exactly_at_its_steps(self, amount: float, text: str) -> None:
        assert MEMORY.format(amount) == text


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("right", 5),
        ("l", 5),
        ("left", 3.5),
        ("h", 3.5),
        ("shift+right", 14),
        ("pageup", 14),
        ("shift+left", 1),
        ("pagedown", 1),
        ("home", 1),
        ("end", 64),
        ("1 2 enter", 12),
        ("2 . 5 enter", 2.5),
        ("1 2 backspace enter", 1),
        ("1 0 0 0 enter", 64),
        ("0 enter", 1),
        ("9 tab", 9),
        ("9 escape", 4),
        ("9 right", 5),
        ("3 . . 5 enter", 4),
        (". 5 enter", 1),
    ],
)
async def test_keys_set_the_amount(keys: str, expected: float) -> None:
    app = SliderApp()
    async with app.run_test() as pilot:
        await pilot.press(*keys.split())
        assert app.slider.value == expected
        assert app.heard == ([] if expected == 4 else [expected])


async def test_memory_takes_a_unit() -> None:
    app = SliderApp(MEMORY, 512 * MIB, 512 * GIB, 80 * GIB, 2 * GIB)
    async with app.run_test() as pilot:
        await pilot.press(*"768m", "enter")
        assert app.slider.value == 768 * MIB
        await pilot.press(*"16", "enter")
        assert app.slider.value == 16 * GIB


async def test_a_pause_sets_what_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Slider, "PAUSE", 0.01)
    app = SliderApp()
    async with app.run_test() as pilot:
        await pilot.press("9")
        await asyncio.wait_for(app.told.wait(), 5)
        assert app.slider.value == 9


async def test_what_is_being_typed_is_shown() -> None:
    app = SliderApp()
    async with app.run_test() as pilot:
        await pilot.press("1", "2")
        assert "12▏" in app.line
        await pilot.press("escape")
        assert app.line.endswith("4 of 64 · 12 free")


async def test_a_border_says_so() -> None:
    app = SliderApp()
    async with app.run_test() as pilot:
        await pilot.press("end", "right")
        assert app.line.endswith("64 is the most")
        await pilot.press("home", "left")
        assert app.line.endswith("1 is the least")


async def test_beyond_free_is_marked_by_signs() -> None:
    app = SliderApp()
    async with app.run_test() as pilot:
        assert "●" in app.line
        assert "┊" in app.line
        assert "◆" not in app.line
        await pilot.press(*"12", "enter")
        assert "◆" not in app.line
        await pilot.press("right")
        assert "◆" in app.line
        assert app.line.endswith("13 of 64 ! 12 free")


async def test_nothing_is_marked_where_everything_is_free() -> None:
    app = SliderApp(free=64)
    async with app.run_test():
        assert "┊" not in app.line
        assert "╌" not in app.line


async def test_unknown_free_is_not_shown_as_a_figure() -> None:
    app = SliderApp(free=None)
    async with app.run_test():
        assert app.line.endswith("4 of 64")


@pytest.mark.parametrize("width", [24, 30, 40, 60, 80, 200])
async def test_a_line_never_grows_beyond_its_width(width: int) -> None:
    app = SliderApp(MEMORY, 512 * MIB, 2000 * GIB, 1500.3 * GIB, 1024 * GIB)
    async with app.run_test(size=(width, 5)):
        assert len(app.line) <= width
        assert "1024G" in app.line
        assert "●" in app.line


async def test_a_reason_takes_the_place_of_the_bar_and_refuses_input() -> None:
    app = SliderApp(DEVICES, reason="this engine has [b]no\x1b[31m GPU")
    async with app.run_test() as pilot:
        assert app.line.strip() == "this engine has [b]no GPU"
        await pilot.click(Slider, offset=(10, 0))
        await pilot.press("right")
        assert app.heard == []
        app.slider.reason = ""
        app.slider.focus()
        await pilot.press("right")
        assert app.heard == [5]


async def test_new_borders_hold_the_amount() -> None:
    app = SliderApp()
    async with app.run_test():
        app.slider.set_range(8, 16, 12)
        assert app.slider.value == 8
        app.slider.set_range(1, 2, 2)
        assert app.slider.value == 2


async def test_the_mouse_clicks_and_drags() -> None:
    app = SliderApp()
    async with app.run_test() as pilot:
        first, last = COLUMNS
        await pilot.click(Slider, offset=(last, 0))
        assert app.slider.value == 64
        await pilot.mouse_down(Slider, offset=(last // 2, 0))
        assert 30 <= app.slider.value <= 34
        await pilot.hover(Slider, offset=(first, 0))
        assert app.slider.value == 1
        await pilot.mouse_up(Slider, offset=(first, 0))
        await pilot.hover(Slider, offset=(last, 0))
        assert app.slider.value == 1


async def test_the_arrows_beside_the_bar_step_and_the_text_does_nothing() -> None:
    app = SliderApp()
    async with app.run_test() as pilot:
        await pilot.click(Slider, offset=(COLUMNS[1] + 1, 0))
        assert app.slider.value == 5
        await pilot.click(Slider, offset=(0, 0))
        assert app.slider.value == 4
        await pilot.click(Slider, offset=(70, 0))
        assert app.slider.value == 4


async def test_the_wheel_turns_only_a_slider_that_has_the_focus() -> None:
    app = SliderApp()
    async with app.run_test() as pilot:
        await _wheel(pilot, app.slider, up=True)
        assert app.slider.value == 5
        await _wheel(pilot, app.slider, up=False)
        assert app.slider.value == 4
        app.set_focus(None)
        await _wheel(pilot, app.slider, up=True)
        assert app.slider.value == 4


async def _wheel(pilot: Pilot[None], slider: Slider, *, up: bool) -> None:
    place = Offset(10, 0)
    event = (MouseScrollUp if up else MouseScrollDown)(
        slider, place.x, place.y, 0, 1, 0, False, False, False, place.x, place.y
    )
    slider.post_message(event)
    await pilot.pause()
