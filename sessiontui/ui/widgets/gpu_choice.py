"""The GPUs of a launch: how many, or which, how large each, and whether others may have them too."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from textual import on
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Checkbox, Input, Static

from sessiontui.domain.allocation import choose
from sessiontui.domain.errors import Problem, Refused
from sessiontui.domain.gpu import Gpu, GpuWish
from sessiontui.domain.resources import Capacity
from sessiontui.ui.device_rows import free_text
from sessiontui.ui.present import clean
from sessiontui.ui.widgets.device_list import DeviceList
from sessiontui.ui.widgets.field import Field
from sessiontui.ui.widgets.scale import DEVICES, MEMORY
from sessiontui.ui.widgets.slider import Slider
from sessiontui.ui.widgets.tick_box import TickBox

_SHARE = "Share them with others who share (memory is not divided)"


class GpuChoice(Field):
    """A field of the form. The devices are folded into a line until one is wanted, or they are opened.

    Devices marked by hand set the number; a number that is set takes the marks back.
    """

    class Changed(Message):
        """The person asks for other GPUs, or otherwise."""

    def __init__(self, uid: int, *, reason: str) -> None:
        """``uid`` is the user that launches, ``reason`` why nothing can be set yet."""
        super().__init__(
            "GPU",
            "gpu",
            Slider(DEVICES, id="gpu", reason=reason),
            Static(id="gpu-remedy", markup=False),
            Button("", id="fold-devices", compact=True),
            Vertical(
                DeviceList(id="devices"),
                Horizontal(
                    Static("Memory of each", id="gpu-memory-label", markup=False),
                    Input(id="gpu-memory", placeholder="any; or at least 24g", compact=True),
                    id="gpu-memory-line",
                ),
                TickBox(_SHARE, id="gpu-shared", compact=True),
                id="gpu-more",
            ),
        )
        self._uid = uid
        self._gpus: tuple[Gpu, ...] = ()
        self._used: Mapping[str, int] = MappingProxyType({})
        self._minimum = 0
        self._opened: bool | None = None
        """As the person wants it; None: by what is asked for."""
        self._counted: int | None = None
        """While devices are marked by hand: the number that was set before."""

    def on_mount(self) -> None:
        """Nothing to choose from yet; what is wrong stands above the list, which may be long."""
        inputs = self.query_one(".field--inputs")
        inputs.move_child(self.query_one(".field--problem"), after=self._slider)
        self._draw()

    # What is asked for

    @property
    def wish(self) -> GpuWish:
        """What is asked for, as far as it could be read."""
        marked = self.query_one(DeviceList).marked
        count = len(marked) or max(int(self._slider.value), self._minimum)
        if not count:
            return GpuWish()
        return GpuWish(count, marked, self._memory()[0], self.query_one("#gpu-shared", Checkbox).value)

    @property
    def misread(self) -> tuple[Problem, ...]:
        """What could not be read."""
        return self._memory()[1]

    def show(self, capacity: Capacity, minimum: int, most: int | None, used: Mapping[str, int]) -> None:
        """Take what there is, what is needed at least and of use at most, and the bytes in use by UUID."""
        # Where none can be given or is of use there is nothing to choose from.
        nothing = bool(capacity.gpu_trouble) or most == 0
        able = 0 if nothing else sum(gpu.givable for gpu in capacity.gpus)
        top = able if most is None else min(able, most)
        self._slider.reason = _why_none(capacity, minimum, top, most)
        self._slider.set_range(minimum, top, capacity.most_gpus)
        self._gpus, self._used, self._minimum = () if nothing else capacity.gpus, used, minimum
        remedy = self.query_one("#gpu-remedy", Static)
        remedy.update(clean(capacity.gpu_remedy))
        remedy.display = bool(capacity.gpu_trouble and capacity.gpu_remedy)
        self.query_one(DeviceList).show(self._gpus, used)
        self._follow_marks()
        self._draw()

    def set_count(self, count: int) -> None:
        """Ask for so many, whichever."""
        self._unmark()
        self._slider.value = count
        self._draw()

    def fill(self, memory: int | None, shared: bool) -> None:
        """Ask for so much memory of each, shared or not."""
        entry, switch = self.query_one("#gpu-memory", Input), self.query_one("#gpu-shared", Checkbox)
        with self.prevent(Input.Changed, Checkbox.Changed):
            entry.value = "" if memory is None else MEMORY.format(memory).lower()
            switch.value = shared
        self._draw()

    @property
    def _slider(self) -> Slider:
        return self.query_one("#gpu", Slider)

    def _memory(self) -> tuple[int | None, tuple[Problem, ...]]:
        text = self.query_one("#gpu-memory", Input).value.strip()
        if not text:
            return None, ()
        try:
            return int(MEMORY.parse(text)) or None, ()
        except ValueError as error:
            return None, (Problem("gpu", str(error)),)

    # What the person does

    @on(Slider.Changed)
    def take_count(self, message: Slider.Changed) -> None:
        """A number is for any devices."""
        message.stop()
        self._unmark()
        self._tell()

    @on(DeviceList.Changed)
    def take_marks(self, message: DeviceList.Changed) -> None:
        """The number follows the marks; without any it is what it was before the first."""
        message.stop()
        if self._counted is None:
            self._counted = int(self._slider.value)
        self._follow_marks()
        self._tell()

    def _unmark(self) -> None:
        self._counted = None
        self.query_one(DeviceList).unmark()

    def _follow_marks(self) -> None:
        marked = len(self.query_one(DeviceList).marked)
        if self._counted is not None:
            self._slider.value = marked or self._counted
        if not marked:
            self._counted = None

    @on(Input.Changed, "#gpu-memory")
    def take_memory(self, message: Input.Changed) -> None:
        """Who says how large it is wants one."""
        message.stop()
        if self._memory()[0] is not None and not self.wish.count:
            self._slider.value = 1
        self._tell()

    @on(Checkbox.Changed, "#gpu-shared")
    def take_shared(self, message: Checkbox.Changed) -> None:
        """Other devices may be had, and others may have these."""
        message.stop()
        self._tell()

    @on(Button.Pressed, "#fold-devices")
    def fold(self, message: Button.Pressed) -> None:
        """Open the list, or fold it."""
        message.stop()
        self._opened = not self._is_open
        self._draw()

    def _tell(self) -> None:
        self._draw()
        self.post_message(self.Changed())

    # What it looks like

    @property
    def _is_open(self) -> bool:
        return self._opened if self._opened is not None else bool(self.wish.count)

    def _draw(self) -> None:
        there = bool(self._gpus)
        button = self.query_one("#fold-devices", Button)
        button.display = there
        self.query_one("#gpu-more").display = there and self._is_open
        sign = "▾" if self._is_open else "▸"
        button.label = Content(f"{sign} {free_text(self._gpus, opened=self._is_open)}")
        self.query_one(DeviceList).take_automatic(self._automatic())

    def _automatic(self) -> tuple[Gpu, ...]:
        """The devices that would be taken now, where none is marked by hand."""
        wish = self.wish
        if wish.devices or self._slider.disabled:
            return ()
        try:
            return choose(wish, self._gpus, self._uid, used=self._used)
        except Refused:
            # What stands in the way is the form's to say.
            return ()


def _why_none(capacity: Capacity, minimum: int, most: int, useful: int | None) -> str:
    """Why none can be set of so many that there are and are of use; empty where some can."""
    if capacity.gpu_trouble:
        return capacity.gpu_trouble
    if not capacity.gpus:
        return "this engine has no GPU"
    if useful == 0:
        return "this environment uses no GPU"
    if minimum > most:
        return f"this environment needs {minimum}; the engine has {most}"
    return "" if most else "no GPU of this engine can be given"
