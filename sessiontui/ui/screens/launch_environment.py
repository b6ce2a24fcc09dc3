"""What a session is launched from: environment and version, or an image named outright."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input, Select

from sessiontui.domain.environment import OTHER, Environment, Version
from sessiontui.ui.screens.launch_again import Again
from sessiontui.ui.screens.launch_facts import EngineFound
from sessiontui.ui.screens.launch_text import environment_label, version_label
from sessiontui.ui.widgets.field import Field


class EnvironmentChoice(Vertical):
    """Three fields of the form, of which those are shown that matter for what is chosen."""

    DEFAULT_CSS = """
    EnvironmentChoice { height: auto; }
    """

    class Changed(Message):
        """The person chose another environment or version."""

    def __init__(self, again: Again) -> None:
        """``again`` tells what a launch before had; it hears what is chosen instead."""
        super().__init__()
        self._again = again
        self._environments: tuple[Environment, ...] = ()
        self._engine: EngineFound | None = None
        self._version_chosen = False

    def compose(self) -> ComposeResult:
        """Environment and version; the image instead of a version."""
        yield Field("Environment", "environment", self._select("environment"))
        yield Field("Version", "version", self._select("version"))
        image = Field("Image", "image", Input(id="image", placeholder="python:3.12-slim", compact=True))
        image.display = False
        yield image

    @staticmethod
    def _select(name: str) -> Select[str]:
        return Select([(Text("reading the environments…"), "")], id=name, allow_blank=False, compact=True)

    @property
    def is_other(self) -> bool:
        """Whether an image is named outright."""
        return self._chooser("environment").value == OTHER

    @property
    def environment(self) -> Environment | None:
        """The one that is chosen; None for an image named outright, and while nothing is known."""
        chosen = self._chooser("environment").value
        return next((one for one in self._environments if one.name == chosen), None)

    @property
    def version(self) -> Version | None:
        """The one that is chosen of the environment."""
        environment = self.environment
        return environment.version(str(self._chooser("version").value)) if environment else None

    @property
    def names(self) -> tuple[str, str]:
        """Of environment and version, as a draft has them."""
        if self.is_other:
            return "", ""
        return str(self._chooser("environment").value), str(self._chooser("version").value)

    @property
    def image(self) -> str:
        """The image that is named outright, empty where none is."""
        return self.query_one("#image", Input).value.strip() if self.is_other else ""

    def begin_again(self) -> None:
        """Take what a launch before had, when it is shown next."""
        self._version_chosen = False
        self.query_one("#image", Input).value = self._again.wanted.image

    def show(self, environments: Sequence[Environment], engine: EngineFound | None) -> None:
        """Offer these environments; what was chosen stays chosen where it is among them."""
        self._environments = tuple(environments)
        wanted = self._again.wanted
        chooser = self._chooser("environment")
        before = (OTHER if wanted.image else wanted.environment) or chooser.value
        options = [(environment_label(one), one.name) for one in self._environments]
        options.append(("Other image…", OTHER))
        with chooser.prevent(Select.Changed):
            _show_options(chooser, options, str(before) if before else options[0][1])
        self._show_fields()
        self.show_versions(engine)

    def show_versions(self, engine: EngineFound | None) -> None:
        """Offer the versions of the environment, by what the engine has of them."""
        self._engine = engine
        if engine is not None:
            self.query_one("#image", Input).suggester = SuggestFromList(sorted(engine.images))
        environment = self.environment
        if environment is None:
            return
        chooser, wanted = self._chooser("version"), self._again.wanted
        names = [one.name for one in environment.versions]
        keep = self._version_chosen and chooser.value in names
        name = str(chooser.value) if keep else self._preferred(environment)
        if wanted.environment == environment.name and wanted.version in names:
            name, self._version_chosen = wanted.version, True
        images = engine.images if engine else None
        options = [(version_label(environment, one, images), one.name) for one in environment.versions]
        with chooser.prevent(Select.Changed):
            _show_options(chooser, options, name)

    def _preferred(self, environment: Environment) -> str:
        return self._engine.preferred[environment.name] if self._engine else environment.default

    @on(Select.Changed, "#environment")
    def take_environment(self, message: Select.Changed) -> None:
        """Another environment has other versions."""
        message.stop()
        if message.value:
            self._again.chosen_image()
            self._version_chosen = False
            self._show_fields()
            self.show_versions(self._engine)
            self.post_message(self.Changed())

    @on(Select.Changed, "#version")
    def take_version(self, message: Select.Changed) -> None:
        """A version the person chose stays chosen."""
        message.stop()
        if message.value:
            self._again.chosen("version")
            self._version_chosen = True
            self.post_message(self.Changed())

    def _show_fields(self) -> None:
        self.query_one("#field-version", Field).display = not self.is_other
        self.query_one("#field-image", Field).display = self.is_other

    def _chooser(self, name: str) -> Select[str]:
        return self.query_one(f"#{name}", Select)


def _show_options(chooser: Select[str], options: Sequence[tuple[str, str]], value: str) -> None:
    """Put these options up. Texts are shown as they are: they come from strangers."""
    chooser.set_options([(Text(label, no_wrap=True, overflow="ellipsis"), name) for label, name in options])
    names = [name for _, name in options]
    chooser.value = value if value in names else names[0]
    # The chooser draws its label only when the value changes, and the same value may read differently now.
    chooser._watch_value(chooser.value)
