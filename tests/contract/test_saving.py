"""What the engine port promises about images of sessions, on the memory engine and on a real one."""

from __future__ import annotations

import io
import json
import secrets
import tarfile
import time
from dataclasses import replace

import docker
import pytest

from sessiontui.domain.errors import ImageInUse, ImageUnavailable, SessionGone
from sessiontui.domain.saved import SAVED_LABEL, Saved, label_of, read_label, saved_repository
from sessiontui.engine import launcher_mark
from sessiontui.engine.docker_saving import SAVING, SAVING_LABEL
from sessiontui.engine.launcher_mark import _began
from tests.contract.conftest import Bench
from tests.contract.test_docker import client as client

pytestmark = pytest.mark.beside

_SECRET = "s3cr3t-of-the-person"
_OURS = "/opt/sessiontui/session"


def a_name() -> str:
    """The name of an image that nobody else makes."""
    return f"{saved_repository(4000, 'contract-' + secrets.token_hex(4))}:20261124-230102"


def test_a_saved_image_is_found_by_its_label_removed_once_unused_and_gone_then(bench: Bench) -> None:
    engine, image = bench.engine, a_name()
    session = bench.launch(bench.order())
    assert (engine.layer_size(session) or 0) > 0
    label = label_of(Saved("contract", "tester", 4000, base=session.image, apps=session.apps))
    engine.save_image(session, image, label)

    found = {one.reference: one for one in engine.found_images()}
    assert read_label(found[image].labels[SAVED_LABEL]) == read_label(label)
    assert engine.image_sizes()[image] > 0
    second = bench.launch(bench.order(image=image))
    with pytest.raises(ImageInUse):
        engine.remove_image(image)
    engine.delete(second)
    engine.remove_image(image)
    assert image not in engine.images()
    with pytest.raises(ImageUnavailable):
        engine.remove_image(image)

    engine.delete(session)
    with pytest.raises(SessionGone):
        engine.save_image(session, image, label)
    assert image not in engine.images()


def test_an_image_has_what_was_changed_and_nothing_of_the_session_and_runs_like_the_original(
    docker_bench: Bench, client: docker.APIClient
) -> None:
    """One commit tries it all, of a stopped session: what is in the layers, and what runs of them."""
    engine, image = docker_bench.engine, a_name()
    session = docker_bench.launch(docker_bench.order(env=(("TOKEN", _SECRET), ("LANG", "C"))))
    changed = "echo changed >/usr/local/lib/changed && echo kept >/home/work/kept"
    exec_id = client.exec_create(session.container_id, ["sh", "-c", changed], user="root")["Id"]
    client.exec_start(exec_id)
    secret = engine.secret(session)
    key = engine.read_file(session, f"{_OURS}/ssh/host")
    engine.stop(session)
    engine.save_image(session, image, label_of(Saved("contract", "tester", 4000)))

    try:
        original, saved = client.inspect_image(session.image), client.inspect_image(image)
        settings = {**saved["Config"], "Labels": None}
        assert settings == {**original["Config"], "Labels": None}
        assert not [name for name in saved["Config"]["Labels"] if name != SAVED_LABEL]
        mine = launcher_mark.mark()
        steps = client.images(SAVING, filters={"label": [SAVING_LABEL]})
        assert not [one for one in steps if one["Labels"][SAVING_LABEL].startswith(mine)]

        layer = _layer(client, session.container_id or "", image)
        assert layer.pop("/usr/local/lib/changed") == b"changed\n"
        assert not [path for path in layer if path.startswith((_OURS, "/home/work/"))]
        for path, content in layer.items():
            for hidden in (_SECRET.encode(), secret.encode(), key.splitlines()[2], session.id.encode()):
                assert hidden not in content, path

        other = docker_bench.launch(docker_bench.order(image=image))
        assert engine.run(other, ["cat", "/usr/local/lib/changed"]).output == b"changed\n"
        assert engine.run(other, ["ls", "/home/work/kept"]).exit_code != 0
        assert engine.run(other, ["sh", "-c", "echo $TOKEN"]).output == b"\n"
        assert engine.secret(other) != secret
        assert engine.read_file(other, f"{_OURS}/ssh/host") != key
        assert "TOKEN" not in json.dumps(client.inspect_image(image))
        engine.delete(other)
    finally:
        engine.remove_image(image)


def test_neither_a_session_that_is_gone_nor_a_saver_that_was_killed_leaves_an_image(
    docker_bench: Bench, client: docker.APIClient
) -> None:
    session = docker_bench.launch(docker_bench.order())
    gone = replace(session, container_id="0" * 64)
    image = a_name()
    with pytest.raises(SessionGone):
        docker_bench.engine.save_image(gone, image, "")
    assert image not in docker_bench.engine.images()

    boot = launcher_mark.mark().partition(":")[0]
    marks = {
        "dead": f"{boot}:4194399:1:{int(time.time())}",
        "at-work": f"{boot}:1:{_began(1)}:{int(time.time())}",
    }
    for sweep in (docker_bench.engine.image_sizes, docker_bench.engine.sweep):
        for tag, mark in marks.items():
            client.commit(session.container_id or "", SAVING, tag, conf={"Labels": {SAVING_LABEL: mark}})
        sweep()
        left = {name for one in client.images(SAVING) for name in one["RepoTags"]}
        assert f"{SAVING}:dead" not in left
        assert f"{SAVING}:at-work" in left
        client.remove_image(f"{SAVING}:at-work")


def _layer(client: docker.APIClient, container_id: str, image: str) -> dict[str, bytes]:
    """The files that an image made of the container adds, read from the image.

    What ``docker save`` gives is the same, after it has gone through all the other layers.
    """
    bare = client.create_container(image, ["true"])["Id"]
    try:
        files = {}
        for path in (one["Path"] for one in client.diff(container_id) if one["Kind"] != 2):
            content = io.BytesIO(b"".join(client.get_archive(bare, path)[0]))
            with tarfile.open(fileobj=content) as archive:
                member = archive.next()
                file = archive.extractfile(member) if member is not None and member.isfile() else None
                if file is not None:
                    files[path] = file.read()
        return files
    finally:
        client.remove_container(bare)


def test_an_image_that_bears_another_persons_name_too_is_not_taken_from_them(
    docker_bench: Bench, client: docker.APIClient
) -> None:
    engine, image = docker_bench.engine, a_name()
    session = docker_bench.launch(docker_bench.order())
    label = label_of(Saved("contract", "tester", 4000, base=session.image, apps=session.apps))
    engine.save_image(session, image, label)
    theirs = f"look1-backup-{secrets.token_hex(4)}"
    client.tag(image, theirs, "kept")
    try:
        engine.run(session, ["sh", "-c", "echo more >/srv/more 2>/dev/null || echo more >/tmp/more"])
        engine.save_image(session, image, label)
        assert f"{theirs}:kept" in engine.images()
    finally:
        engine.remove_image(image)
        client.remove_image(f"{theirs}:kept")
    assert image not in engine.images()
