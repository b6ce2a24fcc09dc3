"""The launch dialog: from what a person wants to a checked order, with every problem at its field."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button
from textual.worker import WorkType

from sessiontui.actions.launch import Launcher, refused_fields
from sessiontui.actions.ports import Ports
from sessiontui.actions.repeat import draft_again
from sessiontui.domain.errors import Refused, SessiontuiError
from sessiontui.domain.launch import Draft, Order, cautions
from sessiontui.domain.picture import Picture
from sessiontui.domain.record import Record
from sessiontui.domain.session import Session
from sessiontui.ui.background import in_background
from sessiontui.ui.present import clean
from sessiontui.ui.screens.last_launches import LastLaunchesScreen
from sessiontui.ui.screens.launch_again import NOTHING, Again
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
from sessiontui.ui.screens.launch_form import LaunchForm
from sessiontui.ui.screens.launch_text import (
    will_happen,
)
from sessiontui.ui.screens.new_folder import NewFolderScreen
from sessiontui.ui.styles import stylesheet
from sessiontui.ui.widgets.folder_choice import FolderChoice
from sessiontui.ui.widgets.outcome import Outcome
from sessiontui.ui.widgets.trouble_line import TroubleLine

_ASKING = "asking the engine…"


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
            uid = self._ports.owner.uid
            yield LaunchForm(self._again, self._ports.presets, uid, reason=_ASKING)
            yield Outcome(_ASKING, id="outcome")

    @property
    def _form(self) -> LaunchForm:
        return self.query_one(LaunchForm)

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
        self._form.fill(draft)
        session = what.session if isinstance(what, Record) else what
        self.query_one("#launch").border_title = Content(f"Start a session · as {clean(session.name)}")
        self._find_lost()
        self._judge()

    def _find_lost(self) -> None:
        """Say at its field what a repeated launch had and is not there any more."""
        if self._catalogue is not None and self._engine is not None:
            self._again.settle_engine(self._form.environments, self._engine.capacity)
        if self._folders is not None:
            self._again.settle_folders(self._folders.folders)

    # What is asked, away from the keys

    def _ask_all(self) -> None:
        self._ask("catalogue", lambda: find_catalogue(self._ports))
        self._ask("folders", lambda: FoldersFound(self._ports.storage.folders()))
        self._ask("engine", self._read_engine)

    def _ask(self, part: str, read: Callable[[], Found]) -> None:
        # Made into a coroutine when it runs: one that a newer question overtakes never does.
        work: WorkType[None] = partial(self._answer, part, read)
        self.run_worker(work, group=part, exclusive=True)

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
                self._form.show_catalogue(found.environments)
            case EngineFound() as found:
                self._engine = found
                self._failures.pop("engine", None)
                self._form.show_engine(found, keep_name=self._was_refused)
                self._find_lost()
            case RoomFound() as found:
                self._form.show_room(found)
                if self._engine is not None:
                    self._engine = found.of(self._engine)
            case FoldersFound() as found:
                self._folders = found
                self._failures.pop("folders", None)
                self._form.show_folders(found.folders, found.made)
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
        self._form.show_problems(problems)
        self.query_one(Outcome).say(f"Not yet: {len(problems)} to put right above")
        self._form.go_to_first(problems)
        # What was read before may not have foreseen this: read it again. What was refused stays
        # in view until the person changes something.
        self._ask("folders", lambda: FoldersFound(self._ports.storage.folders()))
        self._ask("engine", self._read_engine)

    def _show_trouble(self) -> None:
        self.query_one(TroubleLine).show(self._failures.values())
        if "engine" in self._failures and self._engine is None:
            self._form.show_unknown("unknown until the engine answers")

    @on(Button.Pressed, "#retry")
    def action_retry(self) -> None:
        """Ask again for what could not be had."""
        if self._failures:
            self._failures.clear()
            self._show_trouble()
            self._ask_all()

    @on(FolderChoice.NewWanted)
    def make_folder(self) -> None:
        """Ask for a name, and mount what was made."""

        def made(name: str | None) -> None:
            if name is not None:
                self._ask("folders", lambda: FoldersFound(self._ports.storage.folders(), name))

        self.app.push_screen(NewFolderScreen(self._ports.storage), made)

    # Judging and launching

    @on(LaunchForm.Changed)
    def rejudge(self) -> None:
        """Something that the order depends on has changed."""
        self._judge()

    def _judge(self) -> None:
        """Say what would happen now, from what is known; the engine is not asked."""
        self._refusal_stands = False
        form, say = self._form, self.query_one(Outcome).say
        if self._engine is None or self._catalogue is None or self._folders is None:
            say("Nothing can be launched until that is mended." if self._failures else _ASKING)
            return
        verdict = judge(
            form.draft,
            form.misread,
            owner=self._ports.owner,
            engine=self._engine,
            catalogue=self._catalogue,
            folders=self._folders,
            names_in_preparation=self._names_in_preparation(),
        )
        if not isinstance(verdict, Order):
            if self._was_refused:
                form.show_problems(verdict)
                say(f"Not yet: {len(verdict)} to put right above")
            else:
                # Where folders go is chosen among what is seen there: the reason stands beside it at once.
                form.show_problems({"mounts": verdict["mounts"]} if "mounts" in verdict else {})
                say(f"Not yet. {form.first_problem(verdict)}")
            return
        form.show_problems({})
        say(
            will_happen(verdict, form.environment, self._engine.images),
            [one.message for one in cautions(verdict, self._engine.capacity)],
        )

    @on(Button.Pressed, "#go")
    def action_launch(self) -> None:
        """Have the order checked by what the engine says now; a second press changes nothing."""
        outcome = self.query_one(Outcome)
        if outcome.checking or not self.is_active:
            return
        outcome.checking = True
        draft, misread = self._form.draft, self._form.misread
        names = self._names_in_preparation()
        self._ask("order", lambda: self._launcher.order(draft, names, misread=misread))

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Launch nothing."""
        self.dismiss(None)
