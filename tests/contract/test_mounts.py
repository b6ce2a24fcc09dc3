"""Folders in sessions: where they appear, which directory it is, and whose the files in it are."""

from __future__ import annotations

import io
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sessiontui.actions import end
from sessiontui.actions.launch import Launcher
from sessiontui.actions.ports import Ports
from sessiontui.catalogue.files import FileCatalogue
from sessiontui.domain.batch import Batch
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.environment import OTHER
from sessiontui.domain.errors import EngineError, Refused, StartFailed
from sessiontui.domain.folder import Identity, Mount
from sessiontui.domain.gpu import Gpu
from sessiontui.domain.launch import Order
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.engine.docker import DockerEngine
from sessiontui.engine.port import Engine, Report
from sessiontui.metering.scripted import ScriptedMeter
from sessiontui.storage.directories import Directories
from sessiontui.storage.memory_records import MemoryRecords
from tests.contract.conftest import Bench, ignore
from tests.real import linked, prepared_environment
from tests.unit.actions.test_launch import PaperHost

pytestmark = pytest.mark.beside


@pytest.fixture
def image_of_nobody() -> Iterator[str]:
    """An image whose own user is `nobody`; sessions of it are removed with it."""
    image = f"sessiontui-test/nobody-{secrets.token_hex(4)}:1"
    with linked() as link:
        recipe = f"FROM {prepared_environment(DockerEngine(os.environ, link))[1].image}\nUSER nobody\n"
        built = link.client.build(fileobj=io.BytesIO(recipe.encode()), tag=image, rm=True, decode=True)
        assert not [message for message in built if "error" in message]
        yield image
        link.client.remove_image(image, force=True)


def identity(path: str) -> Identity:
    status = Path(path).stat()
    return Identity(status.st_dev, status.st_ino)


def test_a_session_tells_which_directories_it_has_at_its_mounts(bench: Bench) -> None:
    plain = bench.mount("data")
    alias = replace(bench.mount("sets", read_only=True), target="/sets/2026")
    session = bench.launch(bench.order(mounts=(plain, alias)))
    seen = bench.engine.mounted(session)
    assert set(seen) == {plain.target, alias.target}
    for mount in session.mounts:
        assert seen[mount.target].matches(identity(mount.source))
    assert not seen[plain.target].matches(identity(alias.source))


def test_a_link_is_followed_by_the_engine_and_told_by_the_directory_behind_it(bench: Bench) -> None:
    mount, secret = bench.mount("data"), bench.mount("secret")
    before = identity(mount.source)
    Path(mount.source).rmdir()
    Path(mount.source).symlink_to(secret.source)
    session = bench.launch(bench.order(mounts=(mount,)))
    seen = bench.engine.mounted(session)[mount.target]
    assert not seen.matches(before)
    assert seen.matches(identity(secret.source))


def test_a_session_that_ends_under_the_look_is_told_from_one_that_lacks_its_folders(
    docker_bench: Bench,
) -> None:
    """As a short command does: what looks is cut off before the engine says that the session ended."""
    engine, go = docker_bench.engine, "/tmp/looked-at"
    mount = docker_bench.mount("data")
    batch = Batch(f"until [ -e {go} ]; do :; done; exit 3")
    session = docker_bench.launch(docker_bench.order(mounts=(mount,), batch=batch))
    assert session.container_id is not None
    slow = f"printf '#!/bin/sh\ntouch {go}; sleep 60\n' >/usr/local/bin/stat; chmod 755 /usr/local/bin/stat"
    with linked() as link:
        made = link.client.exec_create(session.container_id, ["/bin/sh", "-c", slow], user="root")
        link.client.exec_start(made["Id"])
    with pytest.raises(EngineError):
        engine.mounted(session)
    assert [one.phase for one in engine.sessions() if one.id == session.id] == [Phase.FAILED]


class Interfered:
    """A real engine before which somebody is quicker."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.quicker: list[tuple[Path, Path]] = []
        """Links that appear in the place of a directory: (directory, what the link leads to)."""

    def __getattr__(self, name: str) -> object:
        return getattr(self._engine, name)

    def _interfere(self) -> None:
        for place, target in self.quicker:
            place.rename(place.with_name("old"))
            place.symlink_to(target)

    def launch(self, order: Order, report: Report, cancellation: Cancellation) -> Session:
        self._interfere()
        return self._engine.launch(order, report, cancellation)

    def start(self, session: Session, gpus: Sequence[Gpu] = ()) -> Session:
        self._interfere()
        return self._engine.start(session, gpus)


def ports_of(bench: Bench, root: Path, owner: Owner) -> tuple[Ports, Interfered]:
    engine = Interfered(bench.engine)
    meter = ScriptedMeter(lambda: 0.0)
    storage = Directories(root, owner)
    return Ports(engine, meter, meter, storage, FileCatalogue(), PaperHost(), owner, MemoryRecords()), engine  # type: ignore[arg-type]


def order_of(bench: Bench, ports: Ports, folder: str, target: str = "") -> Order:
    found = {one.name: one for one in ports.storage.folders()}
    return bench.order(
        owner=ports.owner, environment=OTHER, mounts=(Mount.of(found[folder], target=target),), apps=()
    )


def test_a_swapped_folder_gets_into_no_session_and_a_start_goes_only_with_what_was_there(
    docker_bench: Bench, tmp_path: Path
) -> None:
    owner = Owner("tester", os.getuid(), os.getgid())
    ports, engine = ports_of(docker_bench, tmp_path / "folders", owner)
    data = Path(ports.storage.create("data").path)
    (data / "mine").write_text("")
    secret = tmp_path / "secret"
    secret.mkdir()
    launcher = Launcher(ports)
    order = order_of(docker_bench, ports, "data", "/sets")
    engine.quicker = [(data, secret)]
    with pytest.raises(StartFailed, match="another directory than the folder data came to /sets"):
        launcher.launch(order, ignore, Cancellation())
    assert order.id not in {session.id for session in docker_bench.engine.sessions()}
    assert not any(secret.iterdir())

    data.unlink()
    data.with_name("old").rename(data)
    engine.quicker = []
    session = launcher.launch(order_of(docker_bench, ports, "data"), ignore, Cancellation())
    assert docker_bench.engine.run(session, ["ls", "data"]).output == b"mine\n"
    stopped = end.stop(ports, session)
    engine.quicker = [(data, secret)]
    with pytest.raises(StartFailed, match="it was stopped again"):
        end.start(ports, stopped)
    found = next(one for one in docker_bench.engine.sessions() if one.id == session.id)
    assert found.phase is not Phase.RUNNING
    engine.quicker = []
    with pytest.raises(Refused, match="is a link by now"):
        end.start(ports, found)
    data.unlink()
    data.with_name("old").rename(data)
    assert end.start(ports, found).phase is Phase.RUNNING


def test_a_place_that_the_image_or_the_person_made_a_link_is_not_a_folders(docker_bench: Bench) -> None:
    mount = replace(docker_bench.mount("data"), target="/home/work/way/data")
    session = docker_bench.launch(docker_bench.order(mounts=(mount,)))
    assert mount.target in docker_bench.engine.mounted(session)
    moved = docker_bench.engine.run(session, ["sh", "-c", "mkdir -p other/data && ln -s other link"])
    assert moved.exit_code == 0
    lied = replace(session, mounts=(replace(mount, target="/home/work/link/data"),))
    assert docker_bench.engine.mounted(lied) == {}


def test_absolute_and_read_only_places_persist_and_are_named_by_the_shell(docker_bench: Bench) -> None:
    data = replace(docker_bench.mount("data"), target="/data/mine")
    sets = replace(docker_bench.mount("sets", read_only=True), target="/home/work/in/sets")
    session = docker_bench.launch(docker_bench.order(mounts=(data, sets)))
    run = docker_bench.engine.run
    assert run(session, ["sh", "-c", "echo kept >/data/mine/file"]).exit_code == 0
    assert (Path(data.source) / "file").read_text() == "kept\n"
    outcome = run(session, ["touch", "in/sets/new"])
    assert outcome.exit_code != 0
    assert b"Read-only file system" in outcome.errors
    # An interactive shell wants a terminal.
    shell = ["python3", "-c", "import pty; pty.spawn(['/bin/bash', '-ic', 'true'])"]
    greeting = run(session, shell, env={"TERM": "dumb"}).output
    assert b"Only these paths persist" in greeting
    assert b": /data/mine, /home/work/in/sets\r\n" in greeting
    owner = run(session, ["stat", "-c", "%U", "in"]).output
    assert owner == b"work\n", "the way to a folder in the home is the person's"
    listed = run(session, ["/bin/sh", "/opt/sessiontui/session/files.sh", "list", "/data/mine"])
    assert listed.output.startswith(b"/data/mine\0")
    assert b"file\0" in listed.output
    refused = run(session, ["/bin/sh", "/opt/sessiontui/session/files.sh", "list", "/data"])
    assert refused.exit_code == 3


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_files_of_a_session_are_its_owners_whatever_the_images_user_and_those_of_others_stay_theirs(
    docker_bench: Bench, tmp_path: Path, image_of_nobody: str
) -> None:
    docker_bench.image = image_of_nobody
    # The way to the folder is the owner's alone, as in a home.
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    os.chown(home, 54321, 54322)
    ports, _ = ports_of(docker_bench, home / "folders", Owner("somebody", 54321, 54322))
    shared = Path(ports.storage.create("shared").path)
    colleague = shared / "colleague"
    colleague.write_text("theirs")
    os.chown(colleague, 60001, 60002)
    colleague.chmod(0o644)
    launcher = Launcher(ports)
    session = launcher.launch(order_of(docker_bench, ports, "shared"), ignore, Cancellation())
    run = docker_bench.engine.run
    made = run(session, ["sh", "-c", "mkdir shared/new && echo x >shared/new/file && cat shared/colleague"])
    assert made.output == b"theirs"
    assert run(session, ["sh", "-c", "echo spoilt >>shared/colleague"]).exit_code != 0
    assert run(session, ["chown", "work", "shared/colleague"]).exit_code != 0
    end.start(ports, end.stop(ports, session))
    for path, owner in (
        (shared, (54321, 54322)),
        (shared / "new", (54321, 54322)),
        (shared / "new/file", (54321, 54322)),
        (colleague, (60001, 60002)),
    ):
        status = path.stat()
        assert (status.st_uid, status.st_gid) == owner, path
    assert colleague.read_text() == "theirs"
    assert stat.S_IMODE(colleague.stat().st_mode) == 0o644
