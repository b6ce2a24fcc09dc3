"""Progress of pulls and builds, from messages as the engine sends them."""

from __future__ import annotations

from sessiontui.domain.launch import Progress, Step
from sessiontui.engine.transfer import BuildProgress, PullProgress


def download(layer: str, current: int, total: int) -> dict[str, object]:
    return {
        "id": layer, "status": "Downloading", "progressDetail": {"current": current, "total": total}
    }  # fmt: skip


def pulled(*messages: dict[str, object], seconds: float = 2.0) -> Progress | None:
    times = iter([0.0] + [seconds] * 100)
    progress, last = PullProgress(lambda: next(times)), None
    for message in messages:
        last = progress.add(message) or last
    return last


BEGIN: tuple[dict[str, object], ...] = (
    {"id": "latest", "status": "Pulling from library/x"},
    {"id": "a", "status": "Pulling fs layer", "progressDetail": {}},
    {"id": "b", "status": "Pulling fs layer", "progressDetail": {}},
)


def test_layers_are_summed_to_one_bar_with_bytes_and_rate() -> None:
    progress = pulled(*BEGIN, download("a", 30_000_000, 60_000_000), download("b", 10_000_000, 20_000_000))
    assert progress == Progress(
        Step.PULLING, "layer 0/2 · 40.0 MB/80.0 MB · 20.0 MB/s", 0.25
    )  # half downloaded, nothing unpacked


def test_the_bar_waits_until_every_size_is_known() -> None:
    progress = pulled(*BEGIN, download("a", 30_000_000, 60_000_000))
    assert progress is not None
    assert progress.fraction is None
    assert "/?" in progress.text


def test_a_rate_is_shown_only_while_something_is_fetched() -> None:
    assert pulled({"id": "a", "status": "Already exists"}) is None
    fetched: tuple[dict[str, object], ...] = (*BEGIN, download("a", 10, 10), download("b", 10, 10))
    progress = pulled(
        *fetched, {"id": "a", "status": "Extracting", "progressDetail": {"current": 1, "total": 9}}
    )
    assert progress is not None
    assert progress.text == "layer 0/2 · 0.0 MB/0.0 MB"


def test_all_layers_unpacked_is_the_end() -> None:
    progress = pulled(
        *BEGIN,
        download("a", 1, 10),
        download("b", 1, 10),
        {"id": "a", "status": "Download complete"},
        {"id": "b", "status": "Verifying Checksum"},
        {"id": "a", "status": "Pull complete"},
        {"id": "b", "status": "Pull complete"},
    )
    assert progress is not None
    assert progress.fraction == 1.0
    assert progress.text.startswith("layer 2/2")


def test_messages_about_the_whole_tell_nothing() -> None:
    progress = PullProgress(lambda: 0.0)
    assert progress.add({"status": "Digest: sha256:abc"}) is None
    assert progress.add({"id": "latest", "status": "Pulling from library/x"}) is None


def test_a_build_shows_its_step_and_its_last_line() -> None:
    build = BuildProgress()
    assert build.add({"stream": "Step 3/12 : RUN apt-get update"}) == Progress(
        Step.BUILDING, "step 3/12 · RUN apt-get update", 2 / 12
    )
    assert build.add({"stream": " ---> Running in 1234\n"}) is not None
    last = build.add({"stream": "Setting up tmux\r\nProcessing \x1b[32mtriggers\x1b[0m\n"})
    assert last == Progress(Step.BUILDING, "step 3/12 · Processing triggers", 2 / 12)
    assert build.add({"stream": "\n"}) is None
    assert build.add({"aux": {"ID": "x"}}) is None


def test_a_build_keeps_its_last_lines_only() -> None:
    build = BuildProgress()
    for number in range(1000):
        build.add({"stream": f"line {number}\n"})
    assert build.lines == [f"line {number}" for number in range(960, 1000)]
