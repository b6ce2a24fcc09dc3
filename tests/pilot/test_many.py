"""Two hundred sessions: every one is reached, found and sorted, and what changes is seen."""

from __future__ import annotations

import random

from sessiontui.domain.session import Phase
from tests.pilot.stage import Stage, opened, until
from tests.pilot.test_dashboard import main, names, text

COUNT = 200


def crowd() -> Stage:
    """Sessions in no order, every tenth of which has ended."""
    stage = Stage()
    order = list(range(COUNT))
    random.Random(7).shuffle(order)
    for number in order:
        ended = number % 10 == 0
        stage.put(
            f"many-{number:03}",
            phase=Phase.STOPPED if ended else Phase.RUNNING,
            exit_code=143 if ended else None,
            hours=number + 1,
        )
        stage.use(f"many-{number:03}", number / 100, number * 2**20)
    return stage


def line_of_the_cursor(screen: list[str], name: str) -> list[str]:
    return [line for line in screen if f" {name} " in line]


async def test_the_cursor_reaches_every_row_and_the_row_is_in_view() -> None:
    async with opened(crowd(), (80, 24)) as (pilot, app):
        await pilot.press("2")
        assert names(app) == [f"many-{number:03}" for number in range(COUNT)]

        def in_view(name: str) -> bool:
            session = main(app).session
            drawn = [strip.text for strip in app.screen._compositor.render_strips()]
            return session is not None and session.name == name and any(f" {name} " in one for one in drawn)

        for key, name in (
            ("end", "many-199"), ("up", "many-198"), ("home", "many-000"), ("down", "many-001"),
        ):  # fmt: skip
            await pilot.press(key)
            await until(pilot, lambda name=name: in_view(name))  # type: ignore[misc]
        seen = set()
        for _ in range(COUNT):
            session = main(app).session
            assert session is not None
            seen.add(session.name)
            await pilot.press("pagedown")
            if session.name == "many-199":
                break
        assert in_view("many-199")
        assert 5 < len(seen) < COUNT / 5


async def test_filter_tabs_and_sorting_show_the_right_ones() -> None:
    async with opened(crowd()) as (pilot, app):
        assert len(names(app)) == 180
        await pilot.press("2", "slash", *"stopped")
        await until(pilot, lambda: len(names(app)) == 20)
        await pilot.press("escape")
        await until(pilot, lambda: len(names(app)) == COUNT)
        await pilot.press("slash", *"many-19")
        await until(pilot, lambda: names(app) == [f"many-19{number}" for number in range(10)])
        await pilot.press("escape")
        await until(pilot, lambda: len(names(app)) == COUNT)
        main(app).sort_by("age")
        await until(pilot, lambda: names(app)[0] in ("many-000", "many-199"))
        first = names(app)
        await pilot.press("r")
        await until(pilot, lambda: names(app) == first[::-1])
        main(app).sort_by("memory")
        await until(pilot, lambda: names(app)[0] == "many-199")


async def test_what_comes_and_goes_among_them_is_seen_and_the_cursor_stays() -> None:
    stage = crowd()
    async with opened(stage) as (pilot, app):
        await pilot.press("2", "end")
        await until(pilot, lambda: main(app).session is not None and main(app).session.name == "many-199")  # type: ignore[union-attr]
        for number in range(0, COUNT - 1, 2):
            stage.engine.remove(f"id-many-{number:03}")
        stage.put("newcomer")
        await until(pilot, lambda: len(names(app)) == COUNT / 2 + 1)
        session = main(app).session
        assert session is not None
        assert session.name == "many-199"
        assert sorted(set(names(app))) == names(app)
        assert "Sessions 101" in text(app, "Tabs")
