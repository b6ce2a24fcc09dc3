"""How much a session asks for: presets above the sliders that they set."""

from __future__ import annotations

from collections.abc import Iterable

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from sessiontui.domain.launch import DEFAULT
from sessiontui.domain.resources import BOUNDLESS, Ask, Capacity, Ceiling, Preset, presets_that_fit
from sessiontui.ui.widgets.choices import Choices
from sessiontui.ui.widgets.field import Field
from sessiontui.ui.widgets.scale import CORES, DEVICES, MEMORY
from sessiontui.ui.widgets.slider import Slider

CUSTOM = "custom"
"""The choice that stands for amounts set by hand."""


class Amounts(Vertical):
    """CPU, memory and GPU, each its own field of the form."""

    DEFAULT_CSS = """
    Amounts { height: auto; }
    """

    class Changed(Message):
        """The person asks for something else."""

    def __init__(self, presets: Iterable[Preset], *, reason: str) -> None:
        super().__init__()
        self._presets = tuple(presets)
        self._reason = reason
        self._minimum = DEFAULT
        self._known = False
        self._chosen = False
        self._wanted: Ask | None = None

    def compose(self) -> ComposeResult:
        """Presets first: most people need no slider."""
        yield Field("Resources", "preset", Choices(id="preset"))
        yield Field("CPU", "cpu", Slider(CORES, id="cpu", reason=self._reason))
        yield Field("Memory", "memory", Slider(MEMORY, id="memory", reason=self._reason))
        yield Field("GPU", "gpu", Slider(DEVICES, id="gpu", reason=self._reason))

    @property
    def ask(self) -> Ask | None:
        """What is asked for; None while it is not known what there is.

        An environment that needs more than the engine has asks for what it needs, so that the check
        can say what is missing.
        """
        if not self._known:
            return None
        cpu, memory, gpu = (self._slider(name).value for name in ("cpu", "memory", "gpu"))
        least = self._minimum
        return Ask(max(cpu, least.cpu), int(max(memory, least.memory)), int(max(gpu, least.gpu)))

    def show(self, capacity: Capacity, minimum: Ask, ceiling: Ceiling = BOUNDLESS) -> None:
        """Take what there is, and what is needed at least and of use at most.

        Until the person chooses, the first preset that fits is taken; what they chose is kept as far
        as the borders allow.
        """
        self._known, self._minimum = True, minimum
        devices = len(capacity.gpus)
        cpu, memory = _lower(capacity.cpu, ceiling.cpu), _lower(capacity.memory, ceiling.memory)
        self._set_range("cpu", minimum.cpu, cpu, capacity.free_cpu)
        self._set_range("memory", minimum.memory, memory, capacity.free_memory)
        self._set_range("gpu", minimum.gpu, _lower(devices, ceiling.gpu), len(capacity.free_gpus))
        if not devices:
            self._slider("gpu").reason = "this engine has no GPU"
        elif ceiling.gpu == 0:
            self._slider("gpu").reason = "this environment uses no GPU"
        fits = presets_that_fit(self._presets, capacity, minimum, ceiling)
        fitting = {one.name: one.ask for one in fits}
        choices = self.query_one("#preset", Choices)
        choices.options = (*fitting, CUSTOM)
        if not self._chosen:
            choices.value = next(iter(fitting), CUSTOM)
            self._set_amounts(fitting.get(choices.value, DEFAULT))
        elif choices.value not in fitting:
            choices.value = CUSTOM
        self._take_wanted()

    def fill(self, cpu: float | None, memory: int | None, gpu: int) -> None:
        """Ask for these amounts, as far as the borders allow, once they are known; None: for the usual."""
        self._wanted = Ask(
            DEFAULT.cpu if cpu is None else cpu, DEFAULT.memory if memory is None else memory, gpu
        )
        if self._known:
            self._take_wanted()

    def _take_wanted(self) -> None:
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            self._chosen = True
            self._set_amounts(wanted)
            choices = self.query_one("#preset", Choices)
            fitting = [one.name for one in self._presets if one.ask == wanted and one.name in choices.options]
            choices.value = fitting[0] if fitting else CUSTOM

    def show_unknown(self, reason: str) -> None:
        """Say why nothing can be set."""
        if not self._known:
            for slider in self.query(Slider):
                slider.reason = reason

    def _slider(self, name: str) -> Slider:
        return self.query_one(f"#{name}", Slider)

    def _set_range(self, name: str, minimum: float, maximum: float, free: float) -> None:
        slider = self._slider(name)
        slider.reason = ""
        slider.set_range(minimum, maximum, free)
        if minimum > maximum:
            least, most = slider.scale.format(minimum), slider.scale.format(maximum)
            slider.reason = f"this environment needs {least}; the engine has {most}"

    def _set_amounts(self, ask: Ask) -> None:
        self._slider("cpu").value = ask.cpu
        self._slider("memory").value = ask.memory
        self._slider("gpu").value = ask.gpu

    @on(Choices.Changed)
    def take_preset(self, message: Choices.Changed) -> None:
        """Set the amounts of the preset."""
        message.stop()
        self._chosen = True
        for preset in self._presets:
            if preset.name == message.value:
                self._set_amounts(preset.ask)
        self.post_message(self.Changed())

    @on(Slider.Changed)
    def take_amount(self, message: Slider.Changed) -> None:
        """Amounts set by hand are nobody's preset."""
        message.stop()
        self._chosen = True
        self.query_one("#preset", Choices).value = CUSTOM
        self.post_message(self.Changed())


def _lower(there: float, most: float | None) -> float:
    """What there is, unless less is of use."""
    return there if most is None else min(there, most)
