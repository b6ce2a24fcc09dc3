"""The fields of the launch dialog, from what a person wants to a draft, and what is wrong at each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Input, TextArea

from sessiontui.domain.environment import Environment
from sessiontui.domain.errors import Problem
from sessiontui.domain.folder import Folder
from sessiontui.domain.launch import SMALLEST, Draft
from sessiontui.domain.resources import BOUNDLESS, Preset
from sessiontui.ui.screens.launch_again import Again
from sessiontui.ui.screens.launch_environment import EnvironmentChoice
from sessiontui.ui.screens.launch_facts import EngineFound, RoomFound
from sessiontui.ui.widgets.amounts import Amounts
from sessiontui.ui.widgets.batch_choice import BatchChoice
from sessiontui.ui.widgets.extras import Extras
from sessiontui.ui.widgets.field import Field
from sessiontui.ui.widgets.folder_choice import FolderChoice

_NO_IMAGE = Problem("image", "name an image, like python:3.12-slim")


class LaunchForm(VerticalScroll, can_focus=False):
    """Can be filled in at once; what there is to choose from comes when it is known."""

    class Changed(Message):
        """Something that the order depends on has changed."""

    def __init__(self, again: Again, presets: Sequence[Preset], uid: int, *, reason: str) -> None:
        """``uid`` is the user that launches, ``reason`` why amounts cannot be set yet."""
        super().__init__(id="form")
        self._again = again
        self._presets = presets
        self._uid = uid
        self._reason = reason
        self._listed: tuple[Environment, ...] | None = None
        self._engine: EngineFound | None = None

    def compose(self) -> ComposeResult:
        """Top to bottom as a person thinks."""
        yield EnvironmentChoice(self._again)
        yield Field("Name", "name", Input(id="name", placeholder=self._reason, compact=True))
        yield Amounts(self._presets, self._uid, reason=self._reason)
        yield FolderChoice()
        yield Extras()

    # What there is to choose from

    @property
    def environments(self) -> tuple[Environment, ...]:
        """Those of the catalogue, and those that images on the engine describe."""
        return (*(self._listed or ()), *(self._engine.found if self._engine else ()))

    @property
    def environment(self) -> Environment | None:
        """The one that is chosen; None for an image named outright."""
        return self.query_one(EnvironmentChoice).environment

    def show_catalogue(self, environments: Iterable[Environment]) -> None:
        """Offer these environments."""
        self._listed = tuple(environments)
        self.show_environments()

    def show_environments(self) -> None:
        """Offer what is known, with what a launch before had."""
        if self._listed is not None:
            self.query_one(EnvironmentChoice).show(self.environments, self._engine)
            self._show_amounts()

    def show_engine(self, found: EngineFound, *, keep_name: bool) -> None:
        """Offer what the engine has; ``keep_name`` leaves a name that it once suggested as it is."""
        suggested = self._engine.suggestion if self._engine else ""
        found_before = self._engine.found if self._engine else ()
        self._engine = found
        name = self.query_one("#name", Input)
        if name.value in ("", suggested) and not keep_name:
            with name.prevent(Input.Changed):
                name.value = found.suggestion
        name.placeholder = found.suggestion
        if found.found != found_before:
            self.show_environments()
        else:
            self.query_one(EnvironmentChoice).show_versions(found)
            self._show_amounts()

    def show_room(self, found: RoomFound) -> None:
        """Offer what the engine can give now."""
        if self._engine is not None:
            self._engine = found.of(self._engine)
            self._show_amounts()

    def show_unknown(self, reason: str) -> None:
        """Say why no amounts can be set."""
        self.query_one(Amounts).show_unknown(reason)
        self.query_one("#name", Input).placeholder = ""

    def show_folders(self, folders: Sequence[Folder], made: str | None) -> None:
        """Offer these folders; ``made`` is taken."""
        self.query_one(FolderChoice).show(folders, made)

    def _show_amounts(self) -> None:
        if self._engine is not None and self._listed is not None:
            chosen = self.query_one(EnvironmentChoice)
            environment, version = chosen.environment, chosen.version
            self.query_one(Amounts).show(
                self._engine.capacity,
                environment.minimum_of(version) if environment else SMALLEST,
                version.ceiling if version else BOUNDLESS,
                self._engine.gpu_memory_used,
            )

    # What the person does

    @on(Input.Changed)
    @on(TextArea.Changed)
    @on(BatchChoice.Changed)
    def tell(self, message: Message) -> None:
        """The dialog judges it."""
        message.stop()
        self.post_message(self.Changed())

    @on(EnvironmentChoice.Changed)
    def change_environment(self, message: EnvironmentChoice.Changed) -> None:
        """Another environment or version has other borders."""
        message.stop()
        self._show_amounts()
        self.post_message(self.Changed())

    @on(Amounts.Changed)
    def change_amounts(self, message: Amounts.Changed) -> None:
        """Other amounts are wanted than those of a launch before."""
        message.stop()
        self._again.chosen("cpu", "memory", "gpu")
        self.post_message(self.Changed())

    @on(FolderChoice.Changed)
    def change_folders(self, message: FolderChoice.Changed) -> None:
        """What was missing of the folders was seen, once they are known."""
        message.stop()
        if not self._again.wanted.mounts:
            self._again.chosen("mounts")
        self.post_message(self.Changed())

    @on(Input.Submitted)
    def go_on(self, message: Input.Submitted) -> None:
        """Enter in a line goes on to the next field."""
        message.stop()
        self.screen.focus_next()

    # What comes of it

    def fill(self, draft: Draft) -> None:
        """Fill it in as that was; what has to be found first follows when it is."""
        self.query_one("#name", Input).value = ""
        self.query_one(EnvironmentChoice).begin_again()
        self.query_one(Amounts).fill(draft)
        self.query_one(FolderChoice).fill(draft.mounts)
        self.query_one(Extras).fill(draft)
        self.show_environments()

    @property
    def draft(self) -> Draft:
        """What is filled in, as far as it could be read."""
        chosen = self.query_one(EnvironmentChoice)
        amounts = self.query_one(Amounts)
        ask, gpus = amounts.ask, amounts.gpus
        extras = self.query_one(Extras)
        name = self.query_one("#name", Input).value.strip()
        return Draft(
            environment=chosen.names[0],
            version=chosen.names[1],
            image=chosen.image,
            name=name or (self._engine.suggestion if self._engine else ""),
            cpu=ask.cpu if ask else None,
            memory=ask.memory if ask else None,
            gpu=gpus.count,
            devices=gpus.devices,
            gpu_memory=gpus.memory,
            gpu_shared=gpus.shared,
            mounts=self.query_one(FolderChoice).taken,
            env=extras.env,
            ports=extras.ports,
            secrets=extras.secrets,
            batch=extras.batch_session,
        )

    @property
    def misread(self) -> tuple[Problem, ...]:
        """What could not be read."""
        return (*self.query_one(Amounts).misread, *self.query_one(Extras).misread)

    # What is wrong with it

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Say at each field what is wrong, and nothing at the others."""
        shown = self._again.lost | self._renamed(problems)
        for field in self.query(Field):
            field.problem = shown.get(field.field, "")

    def first_problem(self, problems: Mapping[str, str]) -> str:
        """One of them, with its field as people call it."""
        name, message = next(iter(self._renamed(problems).items()))
        labels = {field.field: field.label for field in self.query(Field)}
        return f"{labels.get(name, name)}: {message}"

    def go_to_first(self, problems: Mapping[str, str]) -> None:
        """Bring the first field with a problem into view, and the focus there."""
        shown = self._renamed(problems)
        self.query_one(Extras).open_for(shown)
        for field in self.query(Field):
            if field.field in shown:
                field.call_after_refresh(field.focus_input)
                break

    def _renamed(self, problems: Mapping[str, str]) -> dict[str, str]:
        """An image that was not named is the image field's problem."""
        renamed = dict(problems)
        if self.query_one(EnvironmentChoice).is_other and "environment" in renamed:
            del renamed["environment"]
            renamed = {_NO_IMAGE.field: _NO_IMAGE.message, **renamed}
        return renamed
