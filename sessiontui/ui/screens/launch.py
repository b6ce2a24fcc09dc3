"""The launch dialog: from what a person wants to a checked order, with every problem at its field."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, Input, TextArea

from sessiontui.actions.launch import Launcher, refused_fields
from sessiontui.actions.ports import Ports
from sessiontui.actions.repeat import draft_again
from sessiontui.domain.environment import Environment
from sessiontui.domain.errors import Problem, Refused, SessiontuiError
from sessiontui.domain.launch import SMALLEST, Draft, Order, cautions
from sessiontui.domain.picture import Picture
from sessiontui.domain.record import Record
from sessiontui.domain.resources import BOUNDLESS
from sessiontui.domain.session import Session
from sessiontui.ui.background import in_background
from sessiontui.ui.present import clean
from sessiontui.ui.screens.last_launches import LastLaunchesScreen
from sessiontui.ui.screens.launch_again import NOTHING, Again
from sessiontui.ui.screens.launch_environment import EnvironmentChoice
from sessiontui.ui.screens.launch_facts import (
    CatalogueFound,
    EngineFound,
    FoldersFound,
    Found,
    RoomFound,
    find_catalogue,
    find_engine,
    find_room,
    judge,
    who_has_gpus,
)
from sessiontui.ui.screens.launch_text import (
    will_happen,
)
from sessiontui.ui.screens.new_folder import NewFolderScreen
from sessiontui.ui.styles import stylesheet
from sessiontui.ui.widgets.amounts import Amounts
from sessiontui.ui.widgets.batch_choice import BatchChoice
from sessiontui.ui.widgets.extras import Extras
from sessiontui.ui.widgets.field import Field
from sessiontui.ui.widgets.folder_choice import FolderChoice
from sessiontui.ui.widgets.outcome import Outcome
from sessiontui.ui.widgets.trouble_line import TroubleLine

_ASKING = "asking the engine…"

_NO_IMAGE = Problem("image", "name an image, like python:3.12-slim")


class LaunchScreen(ModalScreen[Order | None]):
    """Dismisses with the checked order, which the caller launches, or None.

    ``begin`` names the environment and version that it opens with, once they are known.
    """

    CSS_PATH = [stylesheet("launch.tcss")]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (24, "-medium"), (34, "-tall")]
    BINDINGS: ClassVar[list[BindingType]] = [
        # Not a priority binding: those overtake the keys before them, and over a slow line a name and
        # this key arrive together.
        Binding("ctrl+l", "launch", "Launch"),
        Binding("ctrl+r", "retry", "Ask again"),
        Binding("ctrl+o", "take_last", "Last launches"),
        Binding("escape", "cancel", "Cancel"),
    ]

    class Answered(Message):
        """Something that was asked for is known."""

        def __init__(self, found: Found) -> None:
            super().__init__()
            self.found = found

    class Failed(Message):
        """Something that was asked for could not be had."""

        def __init__(self, part: str, error: SessiontuiError) -> None:
            super().__init__()
            self.part = part
            self.error = error

    def __init__(
        self,
        launcher: Launcher,
        ports: Ports,
        names_in_preparation: Callable[[], frozenset[str]],
        repeated: Session | Record | None = None,
        begin: Draft = NOTHING,
    ) -> None:
        """``repeated`` is what to begin with, a launch once more; or ``begin``, with a version."""
        super().__init__()
        self._repeated = repeated
        self._again = Again(begin)
        self._launcher = launcher
        self._ports = ports
        self._names_in_preparation = names_in_preparation
        self._catalogue: CatalogueFound | None = None
        self._engine: EngineFound | None = None
        self._folders: FoldersFound | None = None
        self._failures: dict[str, SessiontuiError] = {}
        self._was_refused = False
        self._refusal_stands = False
        self._seen: tuple[object, ...] | None = None
        """Who had which GPU in the last picture."""

    # What it looks like

    def compose(self) -> ComposeResult:
        """Top to bottom as a person thinks."""
        with Vertical(id="launch") as dialog:
            dialog.border_title = "Start a session"
            dialog.border_subtitle = "ctrl+l launch · ctrl+o last launches · esc cancel"
            yield TroubleLine(id="trouble")
            with VerticalScroll(id="form", can_focus=False):
                yield EnvironmentChoice(self._again)
                yield Field("Name", "name", Input(id="name", placeholder=_ASKING, compact=True))
                yield Amounts(self._ports.presets, self._ports.owner.uid, reason=_ASKING)
                yield FolderChoice()
                yield Extras()
            yield Outcome(_ASKING, id="outcome")

    def on_mount(self) -> None:
        """Open at once; what is not known yet arrives."""
        self.query_one("#environment").focus()
        if self._repeated is not None:
            self._repeat(self._repeated)
        self._ask_all()
        self.watch(self.app, "picture", self._look)

    # A launch once more

    def action_take_last(self) -> None:
        """Choose one of the last launches, to do it again."""

        def taken(what: Session | Record | None) -> None:
            if what is not None:
                self._repeat(what)
                self._ask_all()

        self.app.push_screen(LastLaunchesScreen(self._ports), taken)

    def _repeat(self, what: Session | Record) -> None:
        """Fill the form in as that was; what has to be found first follows when it is."""
        self._repeated = what
        draft = draft_again(self._ports, what)
        self._again.begin(draft)
        self._was_refused = self._refusal_stands = False
        self.query_one("#name", Input).value = ""
        self.query_one(EnvironmentChoice).begin_again()
        self.query_one(Amounts).fill(draft)
        self.query_one(FolderChoice).fill(draft.mounts)
        self.query_one(Extras).fill(draft)
        session = what.session if isinstance(what, Record) else what
        self.query_one("#launch").border_title = Content(f"Start a session · as {clean(session.name)}")
        self._show_environments()
        self._find_lost()
        self._judge()

    def _find_lost(self) -> None:
        """Say at its field what a repeated launch had and is not there any more."""
        if self._catalogue is not None and self._engine is not None:
            self._again.settle_engine(self._environments, self._engine.capacity)
        if self._folders is not None:
            self._again.settle_folders(self._folders.folders)

    # What is asked, away from the keys

    def _ask_all(self) -> None:
        self._ask("catalogue", lambda: find_catalogue(self._ports))
        self._ask("folders", lambda: FoldersFound(self._ports.storage.folders()))
        self._ask("engine", self._read_engine)

    def _ask(self, part: str, read: Callable[[], Found]) -> None:
        # Made into a coroutine when it runs: one that a newer question overtakes never does.
        work: Callable[[], Coroutine[None, None, None]] = partial(self._answer, part, read)
        self.run_worker(work, group=part, exclusive=True)  # type: ignore[arg-type] # of no result

    async def _answer(self, part: str, read: Callable[[], Found]) -> None:
        try:
            found = await in_background(read)
        except SessiontuiError as error:
            self.post_message(self.Failed(part, error))
        else:
            self.post_message(self.Answered(found))

    def _read_engine(self) -> Found:
        return find_engine(self._ports, self._launcher, self._names_in_preparation(), self._repeated)

    def _look(self, picture: Picture) -> None:
        """Ask again who has which GPU when somebody took or gave back one, or a driver answers late."""
        before, now = self._seen, who_has_gpus(picture)
        self._seen = before if now is None else now
        if before is not None and self._seen != before and self._engine is not None:
            self._ask("room", lambda: find_room(self._ports, self._launcher))

    @on(Answered)
    def take_answer(self, message: Answered) -> None:
        """Fill in what was found."""
        match message.found:
            case CatalogueFound() as found:
                self._catalogue = found
                self._failures.pop("catalogue", None)
                self._show_environments()
            case EngineFound() as found:
                self._take_engine(found)
            case RoomFound() as found:
                self._take_room(found)
            case FoldersFound() as found:
                self._folders = found
                self._failures.pop("folders", None)
                self._show_folders()
                self._find_lost()
            case Order() as order:
                self.dismiss(order)
                return
        self._show_trouble()
        if not self._refusal_stands:
            self._judge()

    @on(Failed)
    def take_failure(self, message: Failed) -> None:
        """Show a refusal at its fields, anything else above the form with a way to ask again."""
        if message.part == "room":
            # The dialog goes on with what it knows; the order is checked by what the engine says then.
            return
        if message.part != "order":
            self._failures[message.part] = message.error
            self._show_trouble()
            self._judge()
            return
        self.query_one(Outcome).checking = False
        if not isinstance(message.error, Refused):
            self._failures["engine"] = message.error
            self._show_trouble()
            return
        self._was_refused = self._refusal_stands = True
        problems = refused_fields(message.error)
        self._show_problems(problems)
        self.query_one(Outcome).say(f"Not yet: {len(problems)} to put right above")
        self._go_to_first(problems)
        # What was read before may not have foreseen this: read it again. What was refused stays
        # in view until the person changes something.
        self._ask("folders", lambda: FoldersFound(self._ports.storage.folders()))
        self._ask("engine", self._read_engine)

    def _show_trouble(self) -> None:
        self.query_one(TroubleLine).show(self._failures.values())
        if "engine" in self._failures and self._engine is None:
            self.query_one(Amounts).show_unknown("unknown until the engine answers")
            self.query_one("#name", Input).placeholder = ""

    @on(Button.Pressed, "#retry")
    def action_retry(self) -> None:
        """Ask again for what could not be had."""
        if self._failures:
            self._failures.clear()
            self._show_trouble()
            self._ask_all()

    # Environment, version, name

    @property
    def _environments(self) -> tuple[Environment, ...]:
        listed = self._catalogue.environments if self._catalogue else ()
        return (*listed, *(self._engine.found if self._engine else ()))

    def _show_environments(self) -> None:
        if self._catalogue is not None:
            self.query_one(EnvironmentChoice).show(self._environments, self._engine)
            self._show_resources()

    @on(EnvironmentChoice.Changed)
    def change_environment(self) -> None:
        """Another environment or version has other borders."""
        self._show_resources()
        self._judge()

    def _take_engine(self, found: EngineFound) -> None:
        suggested = self._engine.suggestion if self._engine else ""
        found_before = self._engine.found if self._engine else ()
        self._engine = found
        self._failures.pop("engine", None)
        name = self.query_one("#name", Input)
        if name.value in ("", suggested) and not self._was_refused:
            with name.prevent(Input.Changed):
                name.value = found.suggestion
        name.placeholder = found.suggestion
        if found.found != found_before:
            self._show_environments()
        else:
            self.query_one(EnvironmentChoice).show_versions(found)
            self._show_resources()
        self._find_lost()

    def _take_room(self, found: RoomFound) -> None:
        if self._engine is not None:
            self._engine = replace(
                self._engine, capacity=found.capacity, gpu_memory_used=found.gpu_memory_used
            )
            self._show_resources()

    def _show_resources(self) -> None:
        if self._engine is not None and self._catalogue is not None:
            chosen = self.query_one(EnvironmentChoice)
            environment, version = chosen.environment, chosen.version
            self.query_one(Amounts).show(
                self._engine.capacity,
                environment.minimum_of(version) if environment else SMALLEST,
                version.ceiling if version else BOUNDLESS,
                self._engine.gpu_memory_used,
            )

    # Folders

    def _show_folders(self) -> None:
        if self._folders is not None:
            self.query_one(FolderChoice).show(self._folders.folders, self._folders.made)

    @on(FolderChoice.NewWanted)
    def make_folder(self) -> None:
        """Ask for a name, and mount what was made."""

        def made(name: str | None) -> None:
            if name is not None:
                self._ask("folders", lambda: FoldersFound(self._ports.storage.folders(), name))

        self.app.push_screen(NewFolderScreen(self._ports.storage), made)

    # Judging and launching

    @on(Input.Changed)
    @on(TextArea.Changed)
    @on(FolderChoice.Changed)
    @on(Amounts.Changed)
    @on(BatchChoice.Changed)
    def rejudge(self) -> None:
        """Something that the order depends on has changed."""
        self._judge()

    @on(Amounts.Changed)
    def choose_amounts(self) -> None:
        """Other amounts are wanted than those of a launch before."""
        self._again.chosen("cpu", "memory", "gpu")

    @on(FolderChoice.Changed)
    def choose_folders(self) -> None:
        """What was missing of the folders was seen."""
        if self._folders is not None and not self._again.wanted.mounts:
            self._again.chosen("mounts")

    @on(Input.Submitted)
    def go_on(self) -> None:
        """Enter in a line goes on to the next field."""
        self.focus_next()

    def _draft(self) -> Draft:
        name = self.query_one("#name", Input)
        chosen = self.query_one(EnvironmentChoice)
        amounts = self.query_one(Amounts)
        ask, gpus = amounts.ask, amounts.gpus
        extras = self.query_one(Extras)
        return Draft(
            environment=chosen.names[0],
            version=chosen.names[1],
            image=chosen.image,
            name=name.value.strip() or (self._engine.suggestion if self._engine else ""),
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
    def _misread(self) -> tuple[Problem, ...]:
        return (*self.query_one(Amounts).misread, *self.query_one(Extras).misread)

    def _judge(self) -> None:
        """Say what would happen now, from what is known; the engine is not asked."""
        self._refusal_stands = False
        say = self.query_one(Outcome).say
        if self._engine is None or self._catalogue is None or self._folders is None:
            say("Nothing can be launched until that is mended." if self._failures else _ASKING)
            return
        verdict = judge(
            self._draft(),
            self._misread,
            owner=self._ports.owner,
            engine=self._engine,
            catalogue=self._catalogue,
            folders=self._folders,
            names_in_preparation=self._names_in_preparation(),
        )
        if not isinstance(verdict, Order):
            if self._was_refused:
                self._show_problems(verdict)
                say(f"Not yet: {len(verdict)} to put right above")
            else:
                # Where folders go is chosen among what is seen there: the reason stands beside it at once.
                self._show_problems({"mounts": verdict["mounts"]} if "mounts" in verdict else {})
                name, message = next(iter(self._renamed(verdict).items()))
                labels = {field.field: field.label for field in self.query(Field)}
                say(f"Not yet. {labels.get(name, name)}: {message}")
            return
        self._show_problems({})
        say(
            will_happen(verdict, self.query_one(EnvironmentChoice).environment, self._engine.images),
            [one.message for one in cautions(verdict, self._engine.capacity)],
        )

    def _renamed(self, problems: Mapping[str, str]) -> dict[str, str]:
        """An image that was not named is the image field's problem."""
        renamed = dict(problems)
        if self.query_one(EnvironmentChoice).is_other and "environment" in renamed:
            del renamed["environment"]
            renamed = {_NO_IMAGE.field: _NO_IMAGE.message, **renamed}
        return renamed

    def _show_problems(self, problems: Mapping[str, str]) -> None:
        shown = self._again.lost | self._renamed(problems)
        for field in self.query(Field):
            field.problem = shown.get(field.field, "")

    def _go_to_first(self, problems: Mapping[str, str]) -> None:
        shown = self._renamed(problems)
        self.query_one(Extras).open_for(shown)
        for field in self.query(Field):
            if field.field in shown:
                field.call_after_refresh(field.focus_input)
                break

    @on(Button.Pressed, "#go")
    def action_launch(self) -> None:
        """Have the order checked by what the engine says now; a second press changes nothing."""
        outcome = self.query_one(Outcome)
        if outcome.checking or not self.is_active:
            return
        outcome.checking = True
        draft, misread = self._draft(), self._misread
        names = self._names_in_preparation()
        self._ask("order", lambda: self._launcher.order(draft, names, misread=misread))

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Launch nothing."""
        self.dismiss(None)
