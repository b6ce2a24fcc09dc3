"""Labels carry an order whole, and what strangers write in them harms nobody."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.domain.batch import Batch
from sessiontui.domain.environment import App
from sessiontui.domain.folder import Mount
from sessiontui.domain.gpu import Gpu, GpuWish
from sessiontui.domain.launch import Order
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import SCHEMA, Owner
from sessiontui.engine.labels import ID_LABEL, PREFIX, SCHEMA_LABEL, Labels, labels_of

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
words = st.text(max_size=30)
apps = st.builds(
    App,
    name=words, label=words, protocol=st.sampled_from(["http", "tcp"]), port=st.integers(1, 65535),
    path=words, command=words, secret=st.booleans(), via=words, needs=words,
    timeout=st.floats(0, 1000), icon=words,
)  # fmt: skip
shown = st.text("abcXYZ0189 ._-/:äλ語", min_size=1, max_size=20)
orders = st.builds(
    Order,
    id=st.text("abcdef0123456789", min_size=12, max_size=12),
    name=shown,
    owner=st.builds(Owner, shown, st.integers(0, 2**31), st.integers(0, 2**31)),
    environment=shown,
    version=shown,
    image=shown,
    ask=st.builds(Ask, st.floats(0.1, 512), st.integers(0, 2**45), st.integers(0, 16)),
    gpus=st.lists(
        st.builds(Gpu, words, st.integers(0, 15), words, st.none() | st.integers(1, 2**45)), max_size=3
    ).map(tuple),
    wish=st.builds(
        GpuWish,
        st.integers(0, 3),
        st.lists(words, max_size=2).map(tuple),
        st.none() | st.integers(1, 2**45),
        st.booleans(),
    ),
    mounts=st.lists(st.builds(Mount, words, words, words, st.booleans()), max_size=3).map(tuple),
    apps=st.lists(apps, max_size=3).map(tuple),
    env=st.lists(st.tuples(words, words), max_size=3).map(tuple),
    secrets=st.lists(st.tuples(words, st.just("s3cr3t")), max_size=3).map(tuple),
    batch=st.none() | st.builds(Batch, words, st.none() | st.integers(1, 10**6), st.booleans()),
)


@given(orders)
def test_an_order_comes_back_from_its_labels(order: Order) -> None:
    written = labels_of(order, created_at=NOW, launcher="here:1:2")
    assert "s3cr3t" not in str(written)
    labels = Labels(written)
    assert labels.ours
    for name in (
        "id", "name", "owner", "environment", "version", "image", "ask", "devices", "mounts", "apps", "env",
        "secret_names", "batch", "gpu_shared", "gpu_memory",
    ):  # fmt: skip
        assert getattr(labels, name) == getattr(order, name), name
    assert (labels.created_at, labels.launcher, labels.schema) == (NOW, "here:1:2", SCHEMA)


@given(
    st.dictionaries(
        st.sampled_from(
            ["schema", "id", "name", "uid", "gid", "owner", "order", "apps", "created-at", "launcher"]
        ).map(PREFIX.__add__),
        words | st.recursive(
            st.none() | st.booleans() | st.integers() | words,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
        ).map(json.dumps),
    )
)  # fmt: skip
def test_any_garbage_reads_as_something(garbage: dict[str, str]) -> None:
    labels = Labels(garbage)
    for name in ("ours", "schema", "id", "name", "owner", "environment", "created_at", "ask", "devices"):
        getattr(labels, name)
    assert all(isinstance(mount, Mount) for mount in labels.mounts)
    assert all(isinstance(app, App) for app in labels.apps)
    assert all(len(pair) == 2 for pair in labels.env)
    assert labels.gpu_memory is None or labels.gpu_memory > 0
    assert labels.batch is None or isinstance(labels.batch, Batch)
    assert all(isinstance(name, str) for name in labels.secret_names)


@pytest.mark.parametrize("said", ["80", -1, 0, True, 1.5, 2**63, None, [1]])
def test_an_amount_of_memory_that_is_none_is_unknown(said: object) -> None:
    assert Labels({PREFIX + "order": json.dumps({"gpu_memory": said})}).gpu_memory is None


def test_labels_of_others_are_not_ours() -> None:
    assert not Labels(None).ours
    assert not Labels({"maintainer": "x"}).ours
    assert not Labels({ID_LABEL: "abc"}).ours
    assert not Labels({SCHEMA_LABEL: "1"}).ours


@pytest.mark.parametrize("session_id", ["../../.ssh/x", "a/b", "a b", "a\n", "", "x" * 65, "é"])
def test_an_id_that_could_not_be_part_of_a_path_is_none(session_id: str) -> None:
    assert not Labels({SCHEMA_LABEL: "1", ID_LABEL: session_id}).ours


def test_what_people_read_is_short_and_no_terminal_obeys_it() -> None:
    hostile = "\x1b[31mred\x1b]0;title\x07\nnext\u202e" + "x" * 10_240
    labels = Labels({PREFIX + name: hostile for name in ("name", "owner", "environment", "version", "image")})
    for text in (labels.name, labels.owner.name, labels.environment, labels.version, labels.image):
        assert text.isprintable()
        assert text.startswith("\ufffd[31mred")
        assert len(text) <= 512


@pytest.mark.parametrize("schema", ["2", "99", "", "x", "-1", "9" * 5000])
def test_a_schema_we_do_not_know_counts_as_a_later_one(schema: str) -> None:
    assert Labels({SCHEMA_LABEL: schema, ID_LABEL: "abc"}).schema > SCHEMA


def test_deep_nesting_is_no_way_to_crash_the_reader() -> None:
    labels = Labels({PREFIX + "order": "[" * 100_000, PREFIX + "apps": "{" * 100_000})
    assert (labels.mounts, labels.apps) == ((), ())


@pytest.mark.parametrize(
    ("told", "batch"),
    [
        ('{"command": "make", "seconds": 60, "delete": true}', Batch("make", 60, delete=True)),
        ('{"command": "make"}', Batch("make")),
        ('{"command": "make", "seconds": -5}', Batch("make")),
        ('{"command": "make", "seconds": ' + "9" * 4000 + "}", Batch("make")),
        ('{"command": "make", "seconds": true}', None),
        ('{"command": 7}', None),
        ('["make"]', None),
        ("null", None),
    ],
)
def test_what_a_batch_session_runs_is_read_leniently(told: str, batch: Batch | None) -> None:
    assert Labels({PREFIX + "order": f'{{"batch": {told}}}'}).batch == batch


@pytest.mark.parametrize(
    ("told", "count"),
    [(["GPU-1"] * 10**5, 1024), ("all", 0), ({"GPU-1": 1}, 0), ([["x"], 1, "y" * 10**5], 0)],
)
def test_a_list_of_devices_that_is_none_or_has_no_end_is_cut(told: object, count: int) -> None:
    labels = Labels({PREFIX + "order": json.dumps({"devices": told})})
    assert len(labels.devices) == count


@pytest.mark.parametrize("number", ["9" * 400, "Infinity", "-Infinity", "NaN", "-1", str(2**63)])
@pytest.mark.parametrize("field", ["cpu", "memory"])
def test_an_ask_beyond_what_an_engine_counts_is_unreadable(field: str, number: str) -> None:
    numbers = {"cpu": "1", "memory": "1", "gpu": "0", field: number}
    ask = ", ".join(f'"{name}": {value}' for name, value in numbers.items())
    assert Labels({PREFIX + "order": f'{{"ask": {{{ask}}}}}'}).ask == Ask(0, 0)
