"""Sessions of every kind, for tests of what is made from them."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from sessiontui.domain.batch import Batch
from sessiontui.domain.folder import HOME, Mount
from sessiontui.domain.own_ports import own_apps
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner, Phase, Session

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

words = st.text(max_size=20)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)).map(lambda one: one.replace(tzinfo=UTC))
mounts = st.builds(
    lambda name, below, read_only: Mount(name, f"/folders/{name}", f"{HOME}/{below or name}", read_only),
    st.from_regex(r"[a-z][a-z0-9._-]{0,8}", fullmatch=True),
    st.none() | st.from_regex(r"[a-z]{1,5}", fullmatch=True),
    st.booleans(),
)
sessions = st.builds(
    Session,
    id=st.text("abcdef0123456789", min_size=12, max_size=12),
    name=st.from_regex(r"[a-z][a-z0-9-]{2,20}[a-z0-9]", fullmatch=True),
    owner=st.builds(Owner, st.text(min_size=1, max_size=8), st.integers(0, 2**31), st.integers(0, 2**31)),
    phase=st.sampled_from(Phase),
    environment=st.sampled_from(["python", "other"]),
    version=st.sampled_from(["3.12", ""]),
    image=st.sampled_from(["an/image:1", "alpine"]),
    ask=st.builds(Ask, st.floats(0.1, 512), st.integers(1, 2**45), st.integers(0, 16)),
    created_at=moments,
    started_at=st.none() | moments,
    ended_at=st.none() | moments,
    reason=words,
    exit_code=st.none() | st.integers(0, 255),
    devices=st.lists(words, max_size=2).map(tuple),
    gpu_shared=st.booleans(),
    gpu_memory=st.none() | st.integers(1, 2**45),
    mounts=st.lists(mounts, max_size=3).map(tuple),
    apps=st.sets(st.integers(1024, 65535), max_size=3).map(lambda ports: own_apps(sorted(ports), ())),
    env=st.lists(st.tuples(words, words), max_size=3).map(tuple),
    secret_names=st.lists(words, max_size=2).map(tuple),
    batch=st.none() | st.builds(Batch, words, st.none() | st.integers(1, 10**6), st.booleans()),
)


def session(name: str = "train", **changes: object) -> Session:
    """An ordinary session that has finished."""
    values: dict[str, object] = {
        "id": f"id{name}",
        "name": name,
        "owner": Owner("alice", 1000, 1000),
        "phase": Phase.FINISHED,
        "environment": "python",
        "version": "3.12",
        "image": "sessiontui/python:3.12",
        "ask": Ask(2, 4 << 30),
        "created_at": NOW,
        "started_at": NOW,
        "ended_at": NOW,
        "exit_code": 0,
    }
    return Session(**{**values, **changes})  # type: ignore[arg-type]
