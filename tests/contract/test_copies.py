"""Files go into a session and come out of it whole, or not at all, whatever happens on the way."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from sessiontui.actions import copy
from sessiontui.actions.ports import Ports
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import AlreadyThere, Cancelled, DiskFull, EngineError, SessiontuiError
from sessiontui.domain.files import Copying
from sessiontui.domain.session import Owner, Session
from sessiontui.engine.files import SCRIPT
from sessiontui.engine.port import Pipe
from tests.contract.conftest import Bench

pytestmark = pytest.mark.beside

AWKWARD = ("-a b", "日本 の", "new\nline", "tab\t'\"$(x)`*?[", "back\\slash\\0101", "%s%n", " ", "...")


def ports_of(bench: Bench, session: Session) -> Ports:
    nothing = cast(Any, None)
    return Ports(bench.engine, nothing, nothing, nothing, nothing, nothing, session.owner, nothing)


def ignore(copying: Copying) -> None:
    """Nobody looks."""


def tree(top: Path) -> Path:
    top.mkdir()
    for number, name in enumerate(AWKWARD):
        (top / name).mkdir()
        (top / name / name).write_bytes(name.encode() * 1000 * number)
    (top / os.fsdecode(b"no text \xff")).write_bytes(b"\0" * 10)
    (top / "empty directory").mkdir()
    (top / "closed").mkdir()
    (top / "closed" / "f").write_text("1")
    (top / "closed").chmod(0o555)
    (top / "link").symlink_to("日本 の/日本 の")
    (top / "日本 の" / "up").symlink_to("../new\nline")
    (top / "program").write_text("#!/bin/sh\n")
    (top / "program").chmod(0o755)
    return top


def content(top: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    for path in top.rglob("*"):
        about: object = path.lstat().st_mode
        if path.is_symlink():
            about = os.readlink(path)  # noqa: PTH115 - as bytes that are no text
        elif path.is_file():
            about = (path.lstat().st_mode, int(path.lstat().st_mtime), path.read_bytes())
        found[str(path.relative_to(top))] = about
    return found


def test_a_tree_goes_there_and_comes_back_the_same(bench: Bench) -> None:
    session = bench.launch(bench.order())
    ports = ports_of(bench, session)
    source = tree(bench.tmp_path / "source tree")
    go = Cancellation()
    assert copy.upload(ports, session, str(source), "a copy", ignore, go) == ()
    listing = copy.session_listing(ports, session, "a copy")
    assert listing.path == "/home/work/a copy"
    assert {one.name for one in listing.entries} == {one.name for one in source.iterdir()}
    assert copy.download(ports, session, "a copy", str(bench.tmp_path), ignore, go) == ()
    assert content(bench.tmp_path / "a copy") == content(source)
    again = str(bench.tmp_path / "a copy")
    with pytest.raises(AlreadyThere):
        copy.upload(ports, session, again, ".", ignore, go)
    with pytest.raises(AlreadyThere):
        copy.download(ports, session, "a copy", str(bench.tmp_path), ignore, go)
    (bench.tmp_path / "a copy" / "one more").write_text("1")
    copy.upload(ports, session, again, ".", ignore, go, over=True)
    copy.download(ports, session, "a copy", str(bench.tmp_path), ignore, go, over=True)
    assert (bench.tmp_path / "a copy" / "one more").read_text() == "1"


def test_a_file_goes_there_and_comes_back_the_same(bench: Bench) -> None:
    session = bench.launch(bench.order())
    ports = ports_of(bench, session)
    for size in (0, 1, 300_000):
        file = bench.tmp_path / f"{AWKWARD[3]}{size}"
        file.write_bytes(os.urandom(size))
        copy.upload(ports, session, str(file), ".", ignore, Cancellation())
        back = str(bench.tmp_path / f"back {size}")
        copy.download(ports, session, file.name, back, ignore, Cancellation())
        assert Path(back).read_bytes() == file.read_bytes()


def test_the_home_and_folders_are_all_there_is(bench: Bench) -> None:
    session = bench.launch(bench.order())
    ports = ports_of(bench, session)
    (bench.tmp_path / "f").write_text("1")
    for path in ("/etc", "/tmp", "../..", "/home", "/"):
        with pytest.raises(EngineError, match="only the home and mounted folders"):
            copy.upload(ports, session, str(bench.tmp_path / "f"), path, ignore, Cancellation())
        with pytest.raises(EngineError, match="only the home and mounted folders"):
            copy.download(ports, session, path, str(bench.tmp_path / "x"), ignore, Cancellation())
        with pytest.raises(EngineError, match="only the home and mounted folders"):
            copy.session_listing(ports, session, path)
    with pytest.raises(EngineError, match="there is no"):
        copy.download(ports, session, "nothing", str(bench.tmp_path / "x"), ignore, Cancellation())


def test_of_two_at_once_to_one_name_one_is_told_and_the_other_is_whole(bench: Bench) -> None:
    session = bench.launch(bench.order())
    ports = ports_of(bench, session)
    outcomes: list[object] = []
    sources = [bench.tmp_path / name / "same" for name in ("one", "two")]
    for number, source in enumerate(sources):
        source.mkdir(parents=True)
        (source / "f").write_bytes(bytes([number]) * 3_000_000)

    def send(path: Path) -> None:
        try:
            copy.upload(ports, session, f"{path}", ".", ignore, Cancellation())
            outcomes.append(path)
        except SessiontuiError as error:
            outcomes.append(type(error))

    threads = [threading.Thread(target=send, args=(path,)) for path in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winner = next(one for one in outcomes if isinstance(one, Path))
    assert AlreadyThere in outcomes
    copy.download(ports, session, "same", str(bench.tmp_path / "got"), ignore, Cancellation())
    assert (bench.tmp_path / "got" / "f").read_bytes() == (winner / "f").read_bytes()


def test_what_the_sessions_user_may_not_do_is_said(docker_bench: Bench) -> None:
    bench = docker_bench
    session = bench.launch(bench.order(mounts=(bench.mount("data"), bench.mount("models", read_only=True))))
    ports = ports_of(bench, session)
    (bench.tmp_path / "f").write_text("1")
    copy.upload(ports, session, str(bench.tmp_path / "f"), "data", ignore, Cancellation())
    assert (bench.tmp_path / "data" / "f").read_text() == "1"
    assert (bench.tmp_path / "data" / "f").stat().st_uid == session.owner.uid
    with pytest.raises(EngineError) as caught:
        copy.upload(ports, session, str(bench.tmp_path / "f"), "models", ignore, Cancellation())
    assert "read-only" in caught.value.hint
    bench.engine.run(session, ["sh", "-c", "mkdir shut && chmod 0 shut; echo 1 >no && chmod 0 no"])
    for path in ("shut", "no"):
        with pytest.raises(EngineError, match="may not be"):
            copy.download(ports, session, path, str(bench.tmp_path / "x"), ignore, Cancellation())
    bench.engine.run(session, ["mkdir", "t"])
    bench.engine.run(session, ["mv", "no", "t"])
    with pytest.raises(EngineError) as caught:
        copy.download(ports, session, "t", str(bench.tmp_path / "x"), ignore, Cancellation())
    assert "Permission denied" in f"{caught.value.message} {caught.value.hint}"
    assert not (bench.tmp_path / "x").exists()


def test_a_full_disk_inside_is_said_and_leaves_nothing(docker_bench: Bench) -> None:
    """A file larger than the session may write stands for a disk without room."""
    bench = docker_bench
    session = bench.launch(bench.order())
    ports = ports_of(bench, session)
    bounded = replace(ports, engine=Prefixed(bench.engine, "trap '' XFSZ; ulimit -f 1000"))
    (bench.tmp_path / "t").mkdir()
    (bench.tmp_path / "t" / "f").write_bytes(b"x" * 20_000_000)
    for path in ("t", "t/f"):
        with pytest.raises(DiskFull) as caught:
            copy.upload(bounded, session, str(bench.tmp_path / path), ".", ignore, Cancellation())
        assert "make room" in caught.value.hint
    names = {one.name for one in copy.session_listing(ports, session, ".").entries}
    assert not {one for one in names if one in ("t", "f") or one.startswith(".sessiontui-")}


def processes(bench: Bench, session: Session) -> list[str]:
    """What of ours runs in the session, but this look."""
    look = "for one in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$one; echo; done 2>/dev/null"
    said = bench.engine.run(session, ["sh", "-c", look]).output.decode(errors="replace")
    ours = ("files.sh", "tar -", "cat ./", "find .")
    return [line for line in said.splitlines() if any(one in line for one in ours) and "cmdline" not in line]


def eventually(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + 15
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


@pytest.mark.parametrize("path", ["big", "tree"])
def test_nobody_who_reads_any_more_leaves_no_process_behind(docker_bench: Bench, path: str) -> None:
    bench = docker_bench
    session = bench.launch(bench.order())
    bench.engine.run(session, ["sh", "-c", "head -c 50000000 /dev/zero >big; mkdir tree; cp big tree"])
    pipe = bench.engine.pipe(session, ["/bin/sh", SCRIPT, "send", path])
    assert pipe.read()
    assert processes(bench, session)
    pipe.close()
    assert eventually(lambda: not processes(bench, session)), processes(bench, session)


def test_a_copy_that_is_cancelled_leaves_neither_file_nor_process(docker_bench: Bench) -> None:
    bench = docker_bench
    session = bench.launch(bench.order())
    ports = ports_of(bench, session)
    (bench.tmp_path / "t").mkdir()
    (bench.tmp_path / "t" / "big").write_bytes(b"x" * 50_000_000)
    for path in ("t", "t/big"):
        cancellation = Cancellation()

        def stop(copying: Copying, cancellation: Cancellation = cancellation) -> None:
            if copying.done > 10_000_000:
                cancellation.request()

        with pytest.raises(Cancelled):
            copy.upload(ports, session, str(bench.tmp_path / path), "up", stop, cancellation)
    assert eventually(lambda: not processes(bench, session))
    names = {one.name for one in copy.session_listing(ports, session, ".").entries}
    assert not {one for one in names if one == "up" or one.startswith(".sessiontui-")}


def test_a_session_that_stops_half_way_is_said(docker_bench: Bench) -> None:
    bench = docker_bench
    session = bench.launch(bench.order())
    ports = ports_of(bench, session)
    bench.engine.run(session, ["sh", "-c", "truncate -s 20G big"])
    stopping = threading.Thread(target=bench.engine.stop, args=(session,))

    def stop(copying: Copying) -> None:
        if copying.done > 10_000_000 and stopping.ident is None:
            stopping.start()

    with pytest.raises(SessiontuiError):
        copy.download(ports, session, "big", str(bench.tmp_path / "big"), stop, Cancellation())
    stopping.join()
    assert [one.name for one in bench.tmp_path.iterdir()] == []
    with pytest.raises(EngineError):
        copy.download(ports, session, "big", str(bench.tmp_path / "big"), ignore, Cancellation())


def test_an_image_without_tar_copies_files_and_says_so_of_directories(docker_bench: Bench) -> None:
    bench = docker_bench
    session = bench.launch(bench.order())
    ports = ports_of(bench, session)
    # As the session's user cannot take tar away: a PATH without it.
    tools = "cat chmod dd find ln mkdir mv readlink rm stat touch wc"
    bench.engine.run(
        session,
        ["sh", "-c", f"mkdir bin; for one in {tools}; do ln -s $(command -v $one) bin/$one; done"],
    )
    poor = replace(ports, engine=Prefixed(bench.engine, "PATH=/home/work/bin"))
    (bench.tmp_path / "d").mkdir()
    (bench.tmp_path / "f").write_text("1")
    copy.upload(poor, session, str(bench.tmp_path / "f"), ".", ignore, Cancellation())
    copy.download(poor, session, "f", str(bench.tmp_path / "g"), ignore, Cancellation())
    assert (bench.tmp_path / "g").read_text() == "1"
    with pytest.raises(EngineError, match="no tar: single files can be copied"):
        copy.upload(poor, session, str(bench.tmp_path / "d"), ".", ignore, Cancellation())
    with pytest.raises(EngineError, match="no tar: single files can be copied"):
        copy.download(poor, session, "bin", str(bench.tmp_path), ignore, Cancellation())


class Prefixed:
    """The engine, with words before what runs in a session."""

    def __init__(self, engine: Any, words: str) -> None:
        self._engine = engine
        self._words = words

    def pipe(self, session: Session, command: Sequence[str]) -> Pipe:
        words = ["/bin/sh", "-c", f"{self._words}; . {SCRIPT}", *command[1:]]
        pipe: Pipe = self._engine.pipe(session, words)
        return pipe

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


# The command


def sessiontui(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sessiontui", *arguments], check=False, capture_output=True, text=True
    )


def test_the_command_copies_300_mb_both_ways_unchanged(docker_bench: Bench) -> None:
    bench = docker_bench
    session = bench.launch(bench.order())
    name = f"{session.owner.name}/{session.name}"
    big, back = bench.tmp_path / "big 大.bin", bench.tmp_path / "back"
    summed = hashlib.sha256()
    with big.open("wb") as file:
        for _ in range(300):
            chunk = os.urandom(2**20)
            summed.update(chunk)
            file.write(chunk)
    there = sessiontui("cp", str(big), f"{name}:")
    assert (there.returncode, there.stdout, there.stderr) == (0, "", "")
    inside = bench.engine.run(session, ["sha256sum", "big 大.bin"]).output.split()[0]
    assert inside.decode() == summed.hexdigest()
    here = sessiontui("cp", f"{name}:big 大.bin", str(back))
    assert (here.returncode, here.stderr) == (0, "")
    with back.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == summed.hexdigest()


def test_the_command_has_the_words_of_scp(docker_bench: Bench) -> None:
    bench = docker_bench
    session = bench.launch(bench.order())
    name = f"{session.owner.name}/{session.name}"
    for one in ("a", "b c"):
        (bench.tmp_path / one).write_text(one)
    a, b = str(bench.tmp_path / "a"), str(bench.tmp_path / "b c")
    assert sessiontui("cp", a, b, f"{name}:").returncode == 0
    again = sessiontui("cp", a, b, f"{name}:")
    assert again.returncode == 1
    assert again.stderr.count("already") == 2
    assert "--force" in again.stderr
    assert sessiontui("cp", "--force", a, b, f"{name}:").returncode == 0
    assert sessiontui("cp", a, f"{name}:nowhere/").returncode == 1
    assert sessiontui("cp", f"{name}:a", f"{name}:b c", str(bench.tmp_path / "none")).returncode == 1
    (bench.tmp_path / "into").mkdir()
    assert sessiontui("cp", f"{name}:a", f"{name}:b c", str(bench.tmp_path / "into")).returncode == 0
    assert sorted(one.name for one in (bench.tmp_path / "into").iterdir()) == ["a", "b c"]
    (bench.tmp_path / "into" / "out").symlink_to("/etc/passwd")
    left_out = sessiontui("cp", str(bench.tmp_path / "into"), f"{name}:")
    assert (left_out.returncode, left_out.stdout) == (0, "")
    assert "left out out: a link that leads outside" in left_out.stderr
    for places in (("a", "b"), (f"{name}:a", f"{name}:b"), (f"{name}:a",), (a, f"{name}:a", f"{name}:")):
        assert sessiontui("cp", *places).returncode == 1
    assert sessiontui("cp", a, "no-such-session:").returncode == 1


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_command_that_is_ended_half_way_leaves_neither_half_nor_process(
    docker_bench: Bench, how: signal.Signals
) -> None:
    bench = docker_bench
    session = bench.launch(bench.order())
    ports = ports_of(bench, session)
    name = f"{session.owner.name}/{session.name}"
    (bench.tmp_path / "place").mkdir()
    sparse = bench.tmp_path / "sparse"
    with sparse.open("wb") as file:
        file.truncate(20_000_000_000)
    bench.engine.run(session, ["sh", "-c", "truncate -s 20G sparse"])
    for source, target in ((str(sparse), f"{name}:up"), (f"{name}:sparse", f"{bench.tmp_path}/place/down")):
        command = subprocess.Popen([sys.executable, "-m", "sessiontui", "cp", source, target])
        assert eventually(lambda: bool(processes(bench, session)))
        time.sleep(0.5)
        command.send_signal(how)
        command.wait()
        assert eventually(lambda: not processes(bench, session)), processes(bench, session)
    inside = {one.name for one in copy.session_listing(ports, session, ".").entries}
    assert not {one for one in inside if one == "up" or one.startswith(".sessiontui-")}
    left = sorted(one.name for one in (bench.tmp_path / "place").iterdir())
    if how == signal.SIGKILL:
        # Nobody was there to take it away: the next copy does.
        assert [one for one in left if not one.startswith(".sessiontui-")] == []
        copy.download(ports, session, ".profile", f"{bench.tmp_path}/place/p", ignore, Cancellation())
        left = sorted(one.name for one in (bench.tmp_path / "place").iterdir())
        assert left == ["p"]
    else:
        assert left == []


def test_a_colleagues_session_is_left_alone(docker_bench: Bench) -> None:
    bench = docker_bench
    session = bench.launch(bench.order())
    ports = replace(ports_of(bench, session), owner=Owner("mallory", 54321, 54321))
    with pytest.raises(SessiontuiError, match="belongs to"):
        copy.download(ports, session, ".profile", str(bench.tmp_path), ignore, Cancellation())
