"""The instrument itself: stamps, answers, pictures and CPU seconds are what they say."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.bench import cost
from tests.bench.course import Figures
from tests.bench.measures import Keys, Start, Steady
from tests.bench.outside import Delays
from tests.bench.report import Musts, lines
from tests.bench.terminal import Picture, Terminal, TimedOutError


def terminal(script: str, directory: Path) -> Terminal:
    return Terminal([sys.executable, "-c", script], dict(os.environ), directory, quit_key=b"\x03")


def test_what_is_drawn_late_was_stamped_in_time(tmp_path: Path) -> None:
    script = "import time\nfor word in 'one', 'two', '': print(word, flush=True); time.sleep(0.4)\n"
    with terminal(script, tmp_path) as program:
        assert program.read_until_written(b"two", 10)
        program.read(0.5)
        seen = program.replay(lambda: [word for word in ("one", "two") if program.picture.line_with(word)])
    first = next(stamp for stamp, words in seen if words == ["one"])
    second = next(stamp for stamp, words in seen if words == ["one", "two"])
    assert 0.3 < second - first < 1.5
    assert program.started < first


def test_the_size_is_told(tmp_path: Path) -> None:
    with terminal("import os; print(os.get_terminal_size())", tmp_path) as program:
        program.wait_for(r"columns=160, lines=45")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (b"\x1b[c", b"\x1b[?62;22c"),
        (b"\x1b[>0c", b"\x1b[>1;10;0c"),
        (b"\x1b[5n", b"\x1b[0n"),
        (b"\x1b[3;7H\x1b[6n", b"\x1b[3;7R"),
        (b"\x1b[?2026$p", b"\x1b[?2026;2$y"),
        (b"\x1b[?2048$p", b"\x1b[?2048;0$y"),
        (b"\x1b[>q", b"\x1bP>|bench 1\x1b\\"),
        (b"\x1b]11;?\x07", b"\x1b]11;rgb:1010/1010/1010\x1b\\"),
        (b"\x1b[?u\x1b[c", b"\x1b[?62;22c"),
    ],
)
def test_a_question_is_answered(question: bytes, answer: bytes, tmp_path: Path) -> None:
    script = (
        "import os, select, tty\n"
        "tty.setraw(0)\n"
        f"os.write(1, {question!r})\n"
        "answer = b''\n"
        "while select.select([0], [], [], 2 if not answer else 0.2)[0]: answer += os.read(0, 99)\n"
        "os.write(1, b'\\r\\nanswer ' + answer.hex().encode() + b' ')\n"
        "os.read(0, 1)\n"
    )
    with terminal(script, tmp_path) as program:
        program.wait_for(f"answer {answer.hex()} ")


def test_a_program_that_shows_nothing_is_not_waited_for_without_end(tmp_path: Path) -> None:
    with terminal("print('something else')", tmp_path) as program, pytest.raises(TimedOutError, match="else"):
        program.wait_for("what was meant", 2)


def test_a_picture_is_the_same_wherever_its_bytes_are_cut() -> None:
    written = (
        b"\x1b]0;a title\x07\x1b[?2026h\x1b[>1u\x1bP$qm\x1b\\\x1b[2;3H\x1b[38:2::1:2:3mr\xc3\xa9d"
        b"\x1b[4:3m\x1b[48;2;9;8;7m!\x1b[0m\x1b[?2026l\x1b[?7$p"
    )
    whole = Picture()
    whole.feed(written)
    assert whole.lines[1].rstrip() == "  réd!"
    assert "".join(whole.lines).strip() == "réd!"
    assert whole.backgrounds(5)[1] == ("090807", False)
    for cut in range(len(written)):
        picture = Picture()
        picture.feed(written[:cut])
        picture.feed(written[cut:])
        assert picture.lines == whole.lines, cut
        assert picture.backgrounds(5) == whole.backgrounds(5)


def test_cpu_is_counted_of_children_that_live_and_of_those_that_ended(tmp_path: Path) -> None:
    burn = "import time\nwhile time.process_time() < 0.4: pass\n"
    stay = f"{burn}print(3 * chr(33), flush=True); time.sleep(9)"
    script = (
        "import subprocess, sys, time\n"
        f"subprocess.run([sys.executable, '-c', {burn!r}])\n"
        f"subprocess.Popen([sys.executable, '-c', {stay!r}])\n"
        "time.sleep(9)\n"
    )
    with terminal(script, tmp_path) as program:
        program.wait_for("!!!")
        moment = cost.processes()
        assert len(cost.tree(program.pid, moment)) == 2
        # Twice 0.4, of which the kernel tells whole ticks; the interpreters' start comes on top.
        assert 0.75 < cost.tree_seconds(program.pid, moment) < 1.6
        assert cost.tree_resident(program.pid) > 4_000_000


def moments(*shims: float, daemon: float) -> list[cost.Processes]:
    return [
        {1: cost.Spent("dockerd", 0, daemon * number, 0.0), 2: cost.Spent("containerd-shim", 1, had, 0.0)}
        for number, had in enumerate(shims)
    ]


def test_a_shims_garbage_is_not_the_programs() -> None:
    assert cost.engine_seconds(moments(0, 0, 5, 5, daemon=0.1)) == pytest.approx(0.3)
    assert cost.engine_seconds(moments(0, 1, 2, 3, daemon=0.1)) == pytest.approx(3.3)


def figures(factor: float) -> Figures:
    """Figures of a dashboard that is just within its bounds, times a factor."""
    start = Start(1.0 + 0.15 * factor, 1.0 + 0.19 * factor)
    return Figures(
        200,
        nothing=Steady(0.0, (0.49 * factor,)),
        idle=Steady(1.0),
        docker_stats=Steady(50.0, (10.0,)),
        floor=Steady(1.0, (8.0,), (20000.0,), (100,)),
        dashboard=Steady(1.0 + 0.99 * factor, (4.4 * factor,), (1990.0 * factor,), (int(134 * factor),)),
        floor_starts=[Start(1.0, 1.0)],
        dashboard_starts=[start],
        keys=Keys((0.0049 * factor,) * 9, 0),
        delays=Delays((0.099 * factor,), (0.099 * factor,)),
        ages=(0.2, 1.09 * factor),
        growth={50: Steady(0.0, (1.0,)), 200: Steady(0.0, (1.0 + 150 * 0.0099 * factor,))},
    )


def test_every_line_passes_within_its_bound_and_fails_beyond() -> None:
    within, beyond = lines(figures(1.0), Musts()), lines(figures(1.1), Musts())
    assert [line.measure for line in within if not line.passed] == []
    assert [line.measure for line in beyond if line.passed] == []
    assert len(within) == len(beyond) == 12


def test_a_key_that_moved_nothing_is_a_failure() -> None:
    (line,) = lines(Figures(200, keys=Keys((0.001,) * 59, 1)), Musts())
    assert not line.passed
    assert "1 missed" in line.measured
