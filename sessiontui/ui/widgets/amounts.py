"""How much a session asks for: presets above the sliders that they set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from sessiontui.domain.errors import Problem
from sessiontui.domain.gpu import GpuWish
from sessiontui.domain.launch import DEFAULT, Draft
from sessiontui.domain.resources import BOUNDLESS, Ask, Capacity, Ceiling, Preset, presets_that_fit
from sessiontui.ui.widgets.choices import Choices
from sessiontui.ui.widgets.field import Field
from sessiontui.ui.widgets.gpu_choice import GpuChoice
from sessiontui.ui.widgets.scale import CORES, MEMORY
from sessiontui.ui.widgets.slider import Slider

CUSTOM = "custom"
"""The choice that stands for amounts set by hand."""


class Amounts(Vertical):
    """CPU, memory and GPUs, each its own field of the form."""

    DEFAULT_CSS = """
    Amounts { height: auto; }
    """

    class Changed(Message):
        """The person asks for something else."""

    def __init__(self, presets: Iterable[Preset], uid: int, *, reason: str) -> None:
        """``uid`` is the user that launches, ``reason`` why nothing can be set yet."""
        super().__init__()
        self._presets = tuple(presets)
        self._uid = uid
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
        yield GpuChoice(self._uid, reason=self._reason)

    @property
    def ask(self) -> Ask | None:
        """What is asked for; None while it is not known what there is.

        An environment that needs more than the engine has asks for what it needs, so that the check
        can say what is missing.
        """
        if not self._known:
            return None
        cpu, memory = self._slider("cpu").value, self._slider("memory").value
        least = self._minimum
        return Ask(max(cpu, least.cpu), int(max(memory, least.memory)), self._gpus.wish.count)

    @property
    def gpus(self) -> GpuWish:
        """Which GPUs are asked for."""
        return self._gpus.wish if self._known else GpuWish()

    @property
    def misread(self) -> tuple[Problem, ...]:
        """What could not be read."""
        return self._gpus.misread

    def show(
        self,
        capacity: Capacity,
        minimum: Ask,
        ceiling: Ceiling = BOUNDLESS,
        used: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """Take what there is, and what is needed at least and of use at most.

        ``used`` are the bytes in use of GPUs, by UUID, as far as they are known. Until the person
        chooses, the first preset that fits is taken; what they chose is kept as far as the borders
        allow.
        """
        self._known, self._minimum = True, minimum
        cpu, memory = _lower(capacity.cpu, ceiling.cpu), _lower(capacity.memory, ceiling.memory)
        self._set_range("cpu", minimum.cpu, cpu, capacity.free_cpu)
        self._set_range("memory", minimum.memory, memory, capacity.free_memory)
        self._gpus.show(capacity, minimum.gpu, ceiling.gpu, used)
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

    def fill(self, draft: Draft) -> None:
        """Ask for the amounts of a draft, as far as the borders allow, once they are known.

        GPUs are taken by number and memory: those that it once had may be somebody else's now.
        """
        self._wanted = Ask(
            DEFAULT.cpu if draft.cpu is None else draft.cpu,
            DEFAULT.memory if draft.memory is None else draft.memory,
            draft.gpu,
        )
        self._gpus.fill(draft.gpu_memory, draft.gpu_shared)
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

    @property
    def _gpus(self) -> GpuChoice:
        return self.query_one(GpuChoice)

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
        self._gpus.set_count(ask.gpu)

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

    @on(GpuChoice.Changed)
    def take_gpus(self, message: GpuChoice.Changed) -> None:
        """Which GPUs they are is no preset's affair, how many is."""
        message.stop()
        self._chosen = True
        choices = self.query_one("#preset", Choices)
        if (choices.value, self._gpus.wish.count) not in {(one.name, one.ask.gpu) for one in self._presets}:
            choices.value = CUSTOM
        self.post_message(self.Changed())


def _lower(there: float, most: float | None) -> float:
    """What there is, unless less is of use."""
    return there if most is None else min(there, most)
