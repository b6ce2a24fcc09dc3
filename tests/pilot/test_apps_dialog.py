"""The app dialog starts an app once and says how to reach it."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Button, Input, OptionList, Static

from sessiontui.access.keys import KeyRing
from sessiontui.actions.open_app import Hold
from sessiontui.domain.environment import App, AppPhase, AppState
from sessiontui.domain.errors import AppFailed
from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Phase, Session
from sessiontui.ui.screens import apps
from sessiontui.ui.screens.apps import AppsScreen
from sessiontui.ui.screens.apps_list import AppList
from sessiontui.ui.screens.apps_ways import WayView
from sessiontui.ui.screens.output import OutputScreen
from sessiontui.ui.widgets.line import Line
from tests.dialogs import JUPYTER, SSH, TENSORBOARD, Gate, Stage, World, settle

OVER_SSH = {"USER": "alice", "SSH_CONNECTION": "198.51.100.4 50123 192.0.2.10 22", "PATH": ""}
URL = "http://127.0.0.1:32771/lab?token=secret-of-nifty-bohr"
SNIPPET = "LocalForward 32771 127.0.0.1:32771"
TUNNEL = "ssh -N -L 32771:127.0.0.1:32771 alice@192.0.2.10"


class Dialog:
    """The opened dialog, in a test's words."""

    def __init__(
        self,
        root: Path,
        *,
        environ: dict[str, str] | None = None,
        hold: Hold | None = None,
        **session: object,
    ) -> None:
        self.world = World(root / "world")
        self.session = self.world.session(**session)  # type: ignore[arg-type]
        self.copied: list[str] = []
        self.now = 0.0
        self.keys = root / "keys"
        self.screen = AppsScreen(
            self.world.ports,
            self.session,
            KeyRing(self.keys),
            OVER_SSH if environ is None else environ,
            self.copy,
            hold=hold,
            clock=lambda: self.now,
        )
        self.app = Stage(self.screen)

    def copy(self, text: str) -> str:
        self.copied.append(text)
        return "Copied [b]it"

    def text(self, selector: str) -> str:
        return str(self.screen.query_one(selector, Static).render())

    def rows(self) -> list[str]:
        options = self.screen.query_one("#apps-list", OptionList).options
        return [" ".join(str(one.prompt).split()) for one in options]

    def lines(self) -> list[str]:
        return [one.text for one in self.screen.query(Line)]

    def shown(self, part: str) -> bool:
        return self.screen.query_one(f"#apps-{part}").display

    def toasts(self) -> list[str]:
        return [one.message for one in self.app._notifications]


@pytest.fixture
def dialog(tmp_path: Path) -> Dialog:
    return Dialog(tmp_path)


async def test_the_apps_of_the_session_are_listed(dialog: Dialog) -> None:
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        assert dialog.rows() == [
            "◍ JupyterLab ○ stopped",
            "◎ Jupyter Notebook ○ stopped",
            "▥ TensorBoard ○ stopped",
            "❯ SSH and SFTP ○ stopped",
        ]


async def test_what_listens_already_is_marked(dialog: Dialog) -> None:
    dialog.world.engine.serve(dialog.session, JUPYTER)
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        assert [row for row in dialog.rows() if "● running" in row] == [
            "◍ JupyterLab ● running",
            "◎ Jupyter Notebook ● running",
        ]


async def test_enter_opens_and_shows_both_lines(dialog: Dialog) -> None:
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert dialog.text("#apps-title") == "JupyterLab is ready"
        assert dialog.lines() == [TUNNEL, URL, SNIPPET]
        assert dialog.rows()[0] == "◍ JupyterLab ● running"


async def test_the_address_stands_alone_on_its_row_and_is_a_link(dialog: Dialog) -> None:
    async with dialog.app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        rows = dialog.screen._compositor.render_strips()
        found = [row for row in rows if "http" in "".join(segment.text for segment in row)]
        assert ["".join(segment.text for segment in row).strip() for row in found] == [URL]
        links = {segment.style.link for segment in found[0] if segment.style and segment.style.link}
        assert links == {URL}


async def test_a_line_longer_than_the_dialog_is_scrolled_not_broken(dialog: Dialog) -> None:
    long = "a" * 300
    dialog.world.engine.secret = lambda session: long  # type: ignore[method-assign]
    async with dialog.app.run_test(size=(60, 20)) as pilot:
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        address = list(dialog.screen.query(Line))[1]
        assert address.region.height == 1
        assert address.overflows
        assert dialog.shown("rest")
        drawn = "".join(
            segment.text for segment in dialog.app.screen._compositor.render_strips()[address.region.y]
        )
        assert drawn.strip().startswith("http://127.0.0.1:32771/lab?token=aaaa")
        address.focus()
        await pilot.press("end")
        await pilot.pause()
        assert address.scroll_x == address.max_scroll_x
        await pilot.press("c")
        await settle(pilot)
        assert dialog.copied == [f"http://127.0.0.1:32771/lab?token={long}"]


async def test_that_a_line_goes_on_is_said_when_the_terminal_gets_smaller(dialog: Dialog) -> None:
    async with dialog.app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert not dialog.shown("rest")
        await pilot.resize_terminal(50, 24)
        await settle(pilot)
        assert dialog.shown("rest")
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        assert not dialog.shown("rest")


@pytest.mark.parametrize(("key", "line"), [("c", URL), ("y", URL), ("t", TUNNEL), ("f", SNIPPET)])
async def test_keys_copy_whole_lines(dialog: Dialog, key: str, line: str) -> None:
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press(key)
        await settle(pilot)
        assert dialog.copied == [line]
        assert dialog.toasts() == ["Copied [b]it"]


async def test_everything_is_clickable(dialog: Dialog) -> None:
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        await pilot.click("#apps-list", offset=(4, 0))
        await settle(pilot)
        await pilot.click("#copy-0")
        await pilot.click("#copy-1")
        await settle(pilot)
        await pilot.click("#copy-2")
        await settle(pilot)
        await pilot.click(list(dialog.screen.query(Line))[1])
        await settle(pilot)
        assert dialog.copied == [TUNNEL, URL, SNIPPET, URL]


async def test_what_somebody_else_starts_is_followed_until_it_is_there(
    dialog: Dialog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apps, "_LOOK_SECONDS", 0.05)
    phase = AppPhase.STARTING
    engine = dialog.world.engine
    engine.app_states = lambda session, apps: {one.name: AppState(phase) for one in apps}  # type: ignore[method-assign]
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        assert dialog.screen.query_one(AppList).offered[0].state.phase is AppPhase.STARTING
        phase = AppPhase.RUNNING
        end = time.monotonic() + 10
        while dialog.screen.query_one(AppList).offered[0].state.phase is not AppPhase.RUNNING:
            assert time.monotonic() < end
            await pilot.pause(0.05)


async def test_ssh_is_shown_with_lines_for_here_and_for_a_laptop_each_with_a_letter(dialog: Dialog) -> None:
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("end", "enter")
        await settle(pilot)
        fetch, *others = dialog.lines()
        assert fetch.startswith("scp ")
        (login,) = [line for line in others if line.startswith(f"ssh -i {dialog.keys}/")]
        assert login.endswith("-p 32772 work@127.0.0.1")
        await pilot.press("c")
        await settle(pilot)
        assert dialog.copied == [fetch]
        block = next(way for way in dialog.app.screen.query(WayView) if "Host st-" in way.way.line).way
        await pilot.press(block.key)
        await settle(pilot)
        assert dialog.copied[-1] == block.line
        assert "ProxyJump" in block.line


async def test_the_buttons_have_room_for_the_words_of_the_app_in_view(dialog: Dialog) -> None:
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("end", "enter")
        await settle(pilot)
        for button in ("#copy-0", "#copy-1"):
            shown = dialog.screen.query_one(button, Button)
            assert shown.content_size.width >= len(str(shown.label))


async def test_starting_is_visible_and_is_not_done_twice(dialog: Dialog) -> None:
    gate = Gate()
    served: list[str] = []

    def serve(session: Session, app: App, *, answer: str | None = None, base: str = "") -> None:
        served.append(app.name)
        gate()

    dialog.world.engine.serve = serve  # type: ignore[method-assign]
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("enter", "enter")
        await pilot.click("#apps-list", offset=(4, 0))
        dialog.now = 65.0
        dialog.screen._turn()
        assert "starting JupyterLab · 1m   esc leaves it going" in dialog.text("#apps-progress")
        assert dialog.rows()[0] == "◍ JupyterLab ◌ starting"
        gate.open()
        await settle(pilot)
        assert served == ["jupyterlab"]
        assert dialog.shown("ready")


async def test_escape_leaves_the_app_going(dialog: Dialog) -> None:
    gate, finished = Gate(), threading.Event()

    def serve(session: Session, app: App, *, answer: str | None = None, base: str = "") -> None:
        gate()
        finished.set()

    dialog.world.engine.serve = serve  # type: ignore[method-assign]
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("enter", "escape")
        assert dialog.app.closed
        assert gate.waiting.wait(5)
        gate.open()
        assert finished.wait(5)


async def test_a_failure_shows_the_last_output_and_can_be_tried_again(dialog: Dialog) -> None:
    output = "".join(f"line {one} \x1b[31m[b]red\n" for one in range(200))
    dialog.world.engine.failing["jupyterlab"] = AppFailed(
        "it did not open its port", "see below", output=output
    )
    async with dialog.app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert dialog.text("#apps-message") == "✗ it did not open its port"
        assert dialog.text("#apps-hint") == "see below"
        assert dialog.text("#apps-output-text").endswith("line 199 [b]red")
        box = dialog.screen.query_one("#apps-output")
        assert box.scroll_y == box.max_scroll_y > 0
        assert dialog.screen.region.contains_region(dialog.screen.query_one("#apps-retry").region)
        dialog.world.engine.failing.clear()
        await pilot.press("r")
        await settle(pilot)
        assert dialog.lines() == [TUNNEL, URL, SNIPPET]
        assert not dialog.shown("failed")


async def test_a_session_deleted_meanwhile_says_so(dialog: Dialog) -> None:
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        dialog.world.engine.remove("nifty-bohr")
        await pilot.press("enter")
        await settle(pilot)
        assert dialog.text("#apps-message") == "✗ nifty-bohr is gone"


async def test_the_dialog_closes_when_the_session_is_deleted_by_somebody_else(dialog: Dialog) -> None:
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        dialog.app.picture = Picture(trouble="the engine does not answer")
        await settle(pilot)
        assert not dialog.app.closed
        dialog.app.picture = Picture()
        await settle(pilot)
        assert dialog.app.closed
        assert dialog.toasts() == ["nifty-bohr was deleted by somebody else meanwhile"]


async def test_a_session_that_stops_under_the_dialog_is_not_shown_as_open(dialog: Dialog) -> None:
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert dialog.shown("ready")
        dialog.app.picture = Picture(sessions=(replace(dialog.session, phase=Phase.STOPPED),))
        await settle(pilot)
        assert dialog.text("#apps-message") == "✗ nifty-bohr is stopped"
        assert not dialog.shown("ready")
        assert "● running" not in "\n".join(dialog.rows())
        await pilot.press("c")
        await settle(pilot)
        assert not dialog.copied
        dialog.app.picture = Picture(sessions=(dialog.session,))
        await settle(pilot)
        assert not dialog.shown("failed")


async def test_a_session_stopped_meanwhile_says_so_and_recovers(dialog: Dialog) -> None:
    dialog.world.engine.put(replace(dialog.session, phase=Phase.STOPPED))
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        assert dialog.text("#apps-message") == "✗ nifty-bohr is stopped"
        assert dialog.text("#apps-hint") == "start it first"
        dialog.world.engine.put(replace(dialog.session, ports=((8888, 40001),)))
        await pilot.press("r")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert dialog.lines()[1].startswith("http://127.0.0.1:40001/lab")


async def test_an_image_without_apps_says_what_else_there_is(tmp_path: Path) -> None:
    dialog = Dialog(tmp_path, apps=())
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        assert "no app that we know" in dialog.text("#apps-message")
        assert "shell" in dialog.text("#apps-hint")


async def test_hostile_names_are_shown_as_they_are(tmp_path: Path) -> None:
    apps = (replace(JUPYTER, label="[b]Lab[/b]\x1b[2J", icon="\x1b"), SSH)
    dialog = Dialog(tmp_path, apps=apps, name="evil[b]\x1b]0;x\x07name")
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        rows = dialog.screen._compositor.render_strips()
        shown = "\n".join("".join(segment.text for segment in row) for row in rows)
        assert "Apps of evil[b]name" in shown
        assert "[b]Lab[/b]" in shown
        assert "\x1b" not in shown


async def test_what_is_typed_before_the_list_is_there_is_done_when_it_is(dialog: Dialog) -> None:
    gate = Gate()
    offers = dialog.world.engine.offers

    def slowly(session: Session) -> tuple[App, ...]:
        gate()
        return offers(session)

    dialog.world.engine.offers = slowly  # type: ignore[method-assign]
    async with dialog.app.run_test() as pilot:
        await pilot.press("down", "enter")
        assert not dialog.rows()
        gate.open()
        await settle(pilot)
        assert dialog.text("#apps-title") == "Jupyter Notebook is ready"


async def test_the_pages_of_one_server_run_and_end_together(dialog: Dialog) -> None:
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert dialog.rows()[:2] == ["◍ JupyterLab ● running", "◎ Jupyter Notebook ● running"]
        await pilot.press("down", "x")
        await settle(pilot)
        asked = "".join(str(one.render()) for one in dialog.app.screen.query(Static))
        assert "End Jupyter Notebook?" in asked
        assert "JupyterLab and Jupyter Notebook are one program: all end." in asked
        await pilot.press("enter")
        await settle(pilot)
        assert dialog.rows()[0] == "◍ JupyterLab ● running"
        await pilot.press("x", "y")
        await settle(pilot)
        assert dialog.rows()[:2] == ["◍ JupyterLab ○ stopped", "◎ Jupyter Notebook ○ stopped"]
        assert not dialog.shown("ready")
        await pilot.press("x")
        await settle(pilot)
        assert dialog.toasts()[-1] == "Jupyter Notebook does not run"


async def test_a_question_is_asked_before_the_start_and_the_answer_is_offered_again(dialog: Dialog) -> None:
    async with dialog.app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("down", "down", "enter")
        await settle(pilot)
        assert dialog.text("#apps-question") == "TensorBoard: Log directory"
        field = dialog.screen.query_one("#apps-answer", Input)
        assert (field.value, field.has_focus) == ("/home/work/logs", True)
        await pilot.press("escape")
        assert not dialog.shown("asked")
        assert not dialog.app.closed
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press(*"/x", "enter")
        await settle(pilot)
        assert dialog.text("#apps-title") == "TensorBoard is ready"
        assert dialog.rows()[2] == "▥ TensorBoard ● running · /home/work/logs/x"
        await pilot.press("r")
        await settle(pilot)
        assert field.value == "/home/work/logs/x"
        await pilot.press(*"yz", "enter")
        await settle(pilot)
        assert dialog.rows()[2] == "▥ TensorBoard ● running · /home/work/logs/xyz"
        assert not dialog.copied


async def test_a_restart_asks_first_and_starts_anew(dialog: Dialog) -> None:
    ended: list[str] = []
    end_app = dialog.world.engine.end_app

    def end(session: Session, app: App) -> None:
        ended.append(app.name)
        end_app(session, app)

    dialog.world.engine.end_app = end  # type: ignore[method-assign]
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("r", "y")
        await settle(pilot)
        assert ended == ["jupyterlab"]
        assert dialog.text("#apps-title") == "JupyterLab is ready"


async def test_a_failed_app_keeps_its_reason_in_the_list_and_its_output_a_key_away(dialog: Dialog) -> None:
    dialog.world.engine.failing["jupyterlab"] = AppFailed("it did not open its port", "", output="Traceback")
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert dialog.rows()[0] == "◍ JupyterLab ✗ failed: JupyterLab ended before it opened its port"
        await pilot.press("l")
        await settle(pilot)
        assert isinstance(dialog.app.screen, OutputScreen)
        await pilot.press("escape", "down", "down", "l")
        await settle(pilot)
        assert dialog.toasts()[-1] == "TensorBoard has printed nothing"


async def test_a_way_that_this_program_holds_open_says_so(tmp_path: Path) -> None:
    dialog = Dialog(tmp_path, apps=(TENSORBOARD,), hold=lambda session, app: 30001)
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("enter", "enter")
        await settle(pilot)
        assert dialog.text("#apps-title") == "TensorBoard is ready while this program runs"
        assert dialog.lines()[1] == "http://127.0.0.1:30001/"


async def test_apps_stand_below_the_headings_of_their_groups(tmp_path: Path) -> None:
    apps = (
        replace(JUPYTER, group="Development"),
        replace(SSH, group="Utilities"),
        App("port-5000", "Port 5000", "http", 5000, own=True, group="Your ports", icon="◇"),
    )
    dialog = Dialog(tmp_path, apps=apps)
    async with dialog.app.run_test() as pilot:
        await settle(pilot)
        assert dialog.rows() == [
            "Development", "◍ JupyterLab ○ stopped",
            "Utilities", "❯ SSH and SFTP ○ stopped",
            "Your ports", "◇ Port 5000 ○ nothing listens on 5000",
        ]  # fmt: skip
        await pilot.press("end", "enter")
        await settle(pilot)
        assert dialog.text("#apps-message") == "✗ nothing listens on port 5000 of nifty-bohr"
        await pilot.press("x")
        await settle(pilot)
        assert "program of your own" in dialog.toasts()[-1]


class TestBrowser:
    async def test_is_not_offered_where_it_would_open_elsewhere(self, dialog: Dialog) -> None:
        async with dialog.app.run_test() as pilot:
            await settle(pilot)
            await pilot.press("enter")
            await settle(pilot)
            assert not dialog.shown("browser")
            await pilot.press("o")
            await settle(pilot)
            assert dialog.toasts() == ["No browser here would open in front of you: c copies the URL"]

    async def test_opens_where_it_is_in_front_of_the_person(self, tmp_path: Path) -> None:
        said = tmp_path / "said"
        helper = tmp_path / "helper.sh"
        helper.write_text(f'#!/bin/sh\nprintf %s "$1" > {said}\n')
        helper.chmod(0o755)
        dialog = Dialog(tmp_path, environ={**OVER_SSH, "BROWSER": str(helper)})
        async with dialog.app.run_test() as pilot:
            await settle(pilot)
            await pilot.press("enter")
            await settle(pilot)
            assert dialog.shown("browser")
            await pilot.press("o")
            await settle(pilot)
            assert said.read_text() == URL
            helper.write_text("#!/bin/sh\nexit 3\n")
            await pilot.click("#apps-browser")
            await settle(pilot)
            assert "helper.sh could not open the URL (exit code 3) — copy the URL instead" in dialog.toasts()
