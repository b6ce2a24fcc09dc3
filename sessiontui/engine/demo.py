"""A played engine with a few sessions on it, for ``sessiontui --demo`` and pictures of the dashboard."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sessiontui.domain.environment import App
from sessiontui.domain.folder import Mount
from sessiontui.domain.resources import Ask
from sessiontui.domain.session import Owner, Phase, Session
from sessiontui.domain.units import GIB
from sessiontui.engine.memory import MemoryEngine

_LAB = App("jupyterlab", "JupyterLab", "http", 8888, "/lab", "serve", True, icon="◧", group="Development")

APPS = (
    _LAB,
    replace(_LAB, name="jupyter", label="Jupyter Notebook", path="/tree", runs="jupyterlab", icon="▤"),
    replace(
        _LAB,
        name="terminal",
        label="Terminal",
        path="/terminals/work",
        runs="jupyterlab",
        icon="❯",
        group="Utilities",
    ),
    App("ssh", "SSH", "tcp", 2200, "", "serve", True, icon="⇄", group="Utilities"),
    App(
        "tensorboard",
        "TensorBoard",
        "http",
        6006,
        "/proxy/6006/",
        "serve",
        via="jupyterlab",
        icon="◔",
        group="Machine learning",
        question="Log directory",
        answer="/home/work/logs",
    ),
)


def demo_engine(owner: Owner, folder_root: str, gpus: Sequence[str] = ()) -> MemoryEngine:
    """An engine at real pace: one may launch, stop and delete on it, and nothing of it is real.

    ``folder_root`` is where the folders are that its sessions mount, ``gpus`` are the UUIDs of the
    devices that some of them have.
    """
    data = Mount("data", f"{folder_root}/data", "/home/work/data")
    models = Mount("models", f"{folder_root}/models", "/home/work/models", read_only=True)
    engine = MemoryEngine(
        images=("sessiontui/python:3.12", "sessiontui/pytorch:2.8"), pause=time.sleep, host="demo"
    )
    now = datetime.now(UTC)
    colleague = Owner("bob", owner.uid + 1, owner.gid + 1)
    rows = (
        ("nifty-bohr", owner, "pytorch", "2.8", Ask(4, 16 * GIB, 2), Phase.RUNNING, 130, ""),
        ("calm-curie", owner, "python", "3.12", Ask(2, 4 * GIB), Phase.RUNNING, 5, ""),
        ("train-7", colleague, "pytorch", "2.8", Ask(16, 64 * GIB, 2), Phase.RUNNING, 2900, ""),
        ("old-notes", owner, "python", "3.12", Ask(1, 2 * GIB, 1), Phase.STOPPED, 7000, ""),
        ("big-fit", owner, "python", "3.12", Ask(2, 8 * GIB), Phase.FAILED, 300, "out of memory (limit 8G)"),
        ("peek-eval", owner, "pytorch", "2.8", Ask(2, 16 * GIB, 1), Phase.RUNNING, 40, ""),
        ("mini-fit", colleague, "pytorch", "2.8", Ask(2, 8 * GIB, 1), Phase.RUNNING, 610, ""),
    )
    devices = {
        "nifty-bohr": (0, 1),
        "train-7": (2, 3),
        "old-notes": (4,),
        "peek-eval": (1,),
        "mini-fit": (8,),
    }
    for number, (name, who, environment, version, ask, phase, minutes, reason) in enumerate(rows):
        created = now - timedelta(minutes=minutes)
        session = Session(
            id=f"demo{number:08d}",
            name=name,
            owner=who,
            phase=phase,
            environment=environment,
            version=version,
            image=f"sessiontui/{environment}:{version}",
            ask=ask,
            created_at=created,
            started_at=created,
            container_id=f"{number:064x}",
            reason=reason,
            devices=tuple(gpus[at] for at in devices.get(name, ()) if at < len(gpus)),
            gpu_shared=name == "peek-eval",
            mounts=((data, models), (data,))[number] if number < 2 else (),
            apps=APPS,
            ports=((2200, 22000 + number), (8888, 28888 + number)),
        )
        engine.put(session)
        engine.write(session.id, b"Server listening on 0.0.0.0 port 2200.\n")
        engine.write_file(session.id, "/home/work/notes.ipynb", b"{}" * 4000)
        engine.write_file(session.id, "/home/work/id_container", b"(none: this is a demo)\n")
        engine.write_file(session.id, "/opt/sessiontui/session/ssh/id_container", b"(a demo)\n")
        engine.write_file(session.id, "/opt/sessiontui/session/ssh/host.pub", b"ssh-ed25519 AAAA demo\n")
    return engine
