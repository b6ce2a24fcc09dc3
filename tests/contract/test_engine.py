"""What every engine promises. The double keeps the promises the real one keeps."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.environment import App, AppPhase, AppState
from sessiontui.domain.errors import (
    AppFailed,
    Cancelled,
    EngineError,
    ImageUnavailable,
    NameTaken,
    SessionGone,
)
from sessiontui.domain.launch import Progress, Step
from sessiontui.domain.session import Phase, Session
from sessiontui.engine.port import ANYTHING, Build
from tests.contract.conftest import HTTP, Bench, ignore

pytestmark = pytest.mark.beside


def find(bench: Bench, session_id: str) -> Session | None:
    return next((one for one in bench.engine.sessions() if one.id == session_id), None)


def test_a_launched_order_comes_back_equal(bench: Bench) -> None:
    order = bench.order(mounts=(bench.mount("data"), bench.mount("models", read_only=True)))
    launched = bench.launch(order)
    listed = find(bench, order.id)
    assert listed is not None
    assert listed == launched
    assert listed.phase is Phase.RUNNING
    for name in ("id", "name", "owner", "environment", "version", "image", "ask", "mounts", "apps", "env"):
        assert getattr(listed, name) == getattr(order, name), name
    assert [inside for inside, _ in listed.ports] == [8000, 8001]
    assert listed.created_at.tzinfo is not None


def test_a_name_is_taken_once_per_owner(bench: Bench) -> None:
    first = bench.order()
    bench.launch(first)
    with pytest.raises(NameTaken):
        bench.launch(bench.order(first.name))
    other = replace(
        bench.order(first.name), owner=replace(first.owner, name="other", uid=first.owner.uid + 1)
    )
    assert bench.launch(other).name == first.name


def test_of_two_launches_of_one_name_at_once_one_is_told(bench: Bench) -> None:
    orders = [bench.order("contract-twin"), bench.order("contract-twin")]
    outcomes: list[object] = []

    def launch(index: int) -> None:
        try:
            outcomes.append(bench.launch(orders[index]))
        except NameTaken as error:
            outcomes.append(error)

    threads = [threading.Thread(target=launch, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NameTaken", "Session"]
    assert len([one for one in bench.engine.sessions() if one.name == "contract-twin"]) == 1


def test_delete_removes_and_a_second_delete_says_gone(bench: Bench) -> None:
    session = bench.launch(bench.order())
    bench.engine.delete(session)
    assert find(bench, session.id) is None
    with pytest.raises(SessionGone):
        bench.engine.delete(session)


def test_a_session_deleted_meanwhile_is_gone_everywhere(bench: Bench) -> None:
    session = bench.launch(bench.order())
    bench.engine.delete(session)
    for call in (
        lambda: bench.engine.start(session),
        lambda: bench.engine.stop(session),
        lambda: bench.engine.losses(session),
        lambda: bench.engine.offers(session),
        lambda: bench.engine.serve(session, HTTP),
        lambda: bench.engine.app_states(session, (HTTP,)),
        lambda: bench.engine.end_app(session, HTTP),
        lambda: bench.engine.app_output(session, HTTP),
        lambda: bench.engine.run(session, ["true"]),
        lambda: bench.engine.pipe(session, ["true"]),
        lambda: bench.engine.dial(session, 8000),
        lambda: bench.engine.read_file(session, "/home/work/id_container"),
        lambda: bench.engine.secret(session),
        lambda: b"".join(bench.engine.logs(session)),
    ):
        with pytest.raises(SessionGone):
            call()


def test_commands_run_as_the_sessions_user_and_their_exit_code_comes_back(bench: Bench) -> None:
    session = bench.launch(bench.order())
    assert bench.engine.run(session, ["true"]).exit_code == 0
    assert bench.engine.run(session, ["false"]).exit_code == 1
    assert bench.engine.run(session, ["echo", "two words"]).output == b"two words\n"
    assert bench.engine.run(session, ["no-such-program"]).exit_code == 127


def test_a_piped_command_gets_its_input_as_it_is_and_ends_with_it(bench: Bench) -> None:
    session = bench.launch(bench.order())
    pipe = bench.engine.pipe(session, ["cat"])
    sent = bytes(range(256)) * 4096

    def feed() -> None:
        pipe.write(sent)
        pipe.end_input()

    threading.Thread(target=feed, daemon=True).start()
    got = b""
    while chunk := pipe.read():
        got += chunk
    assert got == sent
    assert pipe.outcome().exit_code == 0
    failing = bench.engine.pipe(session, ["no-such-program"])
    outcome = failing.outcome()
    assert (outcome.exit_code, outcome.output) == (127, b"")
    assert b"not found" in outcome.errors


def test_a_pipe_that_is_closed_ends_its_reader_and_its_command(bench: Bench) -> None:
    session = bench.launch(bench.order())
    pipe = bench.engine.pipe(session, ["cat"])
    reader = threading.Thread(target=pipe.read, daemon=True)
    reader.start()
    pipe.close()
    pipe.close()
    reader.join(10)
    assert not reader.is_alive()
    with pytest.raises(EngineError):
        pipe.write(b"too late")


def test_stop_keeps_the_session_and_start_brings_it_back_on_the_same_ports(bench: Bench) -> None:
    session = bench.launch(bench.order())
    stopped = bench.engine.stop(session)
    assert (stopped.phase, stopped.exit_code) == (Phase.STOPPED, 143)
    with pytest.raises(EngineError):
        bench.engine.run(stopped, ["true"])
    started = bench.engine.start(stopped)
    assert (started.phase, started.exit_code, started.ports) == (Phase.RUNNING, None, session.ports)
    assert bench.engine.run(started, ["true"]).exit_code == 0


def test_an_app_is_served_once_and_a_broken_one_shows_its_last_output(bench: Bench) -> None:
    session = bench.launch(bench.order())
    bench.engine.serve(session, HTTP)
    bench.engine.serve(session, HTTP)
    broken = session.app("broken")
    assert broken is not None
    with pytest.raises(AppFailed) as caught:
        bench.engine.serve(session, broken)
    assert caught.value.output


def test_each_session_has_its_own_secret(bench: Bench) -> None:
    first, second = bench.launch(bench.order()), bench.launch(bench.order())
    assert bench.engine.secret(first) == bench.engine.secret(first) != bench.engine.secret(second)


def test_events_tell_of_what_happens_after_the_subscription(bench: Bench) -> None:
    events = bench.engine.events()
    changes = iter(events)
    assert next(changes) == ANYTHING
    # Others may be at work on a real engine.
    mine = (one for one in changes if not bench.real or one.session_id in bench.ids)
    session = bench.launch(bench.order())
    change = next(mine)
    assert (change.container_id, change.session_id) == (session.container_id, session.id)
    assert bench.engine.look(change) == find(bench, session.id)
    bench.engine.delete(session)
    assert next(mine).session_id == session.id
    assert bench.engine.look(change) is None
    events.close()
    for _ in changes:
        pass


def test_a_glance_shows_what_a_look_at_each_shows_as_far_as_the_list_tells(bench: Bench) -> None:
    running = bench.launch(bench.order(mounts=(bench.mount("data"),)))
    stopped = bench.engine.stop(bench.launch(bench.order()))
    for session in (running, stopped):
        glanced = next(one for one in bench.engine.glance() if one.id == session.id)
        looked = find(bench, session.id)
        assert looked is not None
        ports = looked.ports if session is running else ()
        brief = replace(looked, brief=True, pid=None, started_at=None, ended_at=None, ports=ports)
        assert glanced == (brief if bench.real else looked)
    glanced_ids = [one.id for one in bench.engine.glance() if one.id in bench.ids]
    assert glanced_ids == [one.id for one in bench.engine.sessions() if one.id in bench.ids]
    assert len(glanced_ids) == 2


def test_an_image_that_is_not_there_is_said_and_leaves_nothing(bench: Bench) -> None:
    order = bench.order(image="no/such-image:1")
    with pytest.raises(ImageUnavailable):
        bench.launch(order)
    assert find(bench, order.id) is None
    assert not bench.engine.has_image("no/such-image:1")
    assert bench.engine.has_image(bench.image)


@pytest.mark.parametrize("at", [Step.CREATING, Step.STARTING])
def test_a_launch_cancelled_at_any_step_leaves_nothing(bench: Bench, at: Step) -> None:
    order, cancellation = bench.order(), Cancellation()

    def report(progress: Progress) -> None:
        if progress.step is at:
            cancellation.request()

    with pytest.raises(Cancelled):
        bench.engine.launch(order, report, cancellation)
    assert find(bench, order.id) is None


def test_the_log_can_be_followed_and_closed(bench: Bench) -> None:
    session = bench.launch(bench.order())
    stream = bench.engine.logs(session, follow=True)
    timer = threading.Timer(0.2, stream.close)
    timer.start()
    for _ in stream:
        pass
    timer.join()


def test_images_are_found_with_their_labels_but_ours(bench: Bench) -> None:
    image, ours = "contract-labels/stable/lua:5.3-alpine3.8", "sessiontui/contract-labels:1"
    recipe = b'FROM scratch\nLABEL "ai.backend.kernelspec"="1"\nLABEL title="Lua, and more"\n'
    for name in (image, ours):
        bench.engine.build(Build(name, {"Dockerfile": recipe}), ignore, Cancellation())
    try:
        found = {one.reference: one.labels for one in bench.engine.found_images()}
        assert found[image].items() >= {"ai.backend.kernelspec": "1", "title": "Lua, and more"}.items()
        assert ours not in found
        assert {image, ours} <= bench.engine.images()
    finally:
        bench.remove_images(image, ours)


ASKING = App(
    "asking", "Asking", "http", 8003, "/", secret=True, question="Directory", answer="/tmp",
    command='cd "$SESSIONTUI_ANSWER" && exec python3 -m http.server 8003 --bind 127.0.0.1',
)  # fmt: skip


def test_the_state_of_an_app_is_that_of_its_server(bench: Bench) -> None:
    session = bench.launch(bench.order())
    page = replace(HTTP, name="page", runs="http")
    broken = session.app("broken")
    assert broken is not None
    apps = (HTTP, page, broken)

    def phases() -> list[AppPhase]:
        states = bench.engine.app_states(session, apps)
        return [states[app.name].phase for app in apps]

    assert phases() == [AppPhase.STOPPED] * 3
    bench.engine.serve(session, page)
    assert phases() == [AppPhase.RUNNING, AppPhase.RUNNING, AppPhase.STOPPED]
    with pytest.raises(AppFailed):
        bench.engine.serve(session, broken)
    assert phases() == [AppPhase.RUNNING, AppPhase.RUNNING, AppPhase.FAILED]
    assert bench.engine.app_states(session, apps)["broken"].reason
    bench.engine.end_app(session, HTTP)
    bench.engine.end_app(session, broken)
    assert phases() == [AppPhase.STOPPED] * 3
    bench.engine.end_app(session, HTTP)


def test_an_answer_is_kept_and_another_one_starts_the_app_again(bench: Bench) -> None:
    session = bench.launch(bench.order(apps=(ASKING,)))

    def state() -> AppState:
        return bench.engine.app_states(session, (ASKING,))["asking"]

    assert state() == AppState(AppPhase.STOPPED, "", "/tmp")
    bench.engine.serve(session, ASKING)
    assert state() == AppState(AppPhase.RUNNING, "", "/tmp")
    bench.engine.serve(session, ASKING, answer="/usr")
    assert state() == AppState(AppPhase.RUNNING, "", "/usr")
    session = bench.engine.start(bench.engine.stop(session))
    assert state() == AppState(AppPhase.STOPPED, "", "/usr")
    bench.engine.serve(session, ASKING)
    assert state() == AppState(AppPhase.RUNNING, "", "/usr")


def test_the_last_output_of_an_app_is_told(bench: Bench) -> None:
    session = bench.launch(bench.order())
    assert bench.engine.app_output(session, HTTP) == ""
    broken = session.app("broken")
    assert broken is not None
    with pytest.raises(AppFailed):
        bench.engine.serve(session, replace(broken, command="echo 'exit code 1'; exit 1"))
    assert bench.engine.app_output(session, broken) == "exit code 1"
