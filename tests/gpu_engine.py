"""An engine of a test's own that gives out GPUs which are not there.

Docker takes requests for NVIDIA's devices where it finds NVIDIA's hook when it starts (moby's
``daemon/nvidia_linux.go``), and puts their UUIDs into the variables of the container's first process. The
hook here notes what it is called with and lets the container start.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sessiontui.domain.gpu import Gpu
from sessiontui.domain.units import GIB
from tests.private_engine import PrivateEngine, private_engine

HOOK = "nvidia-container-runtime-hook"
RUNTIME = "nvidia-container-runtime"

_HOOK = """\
#!/bin/sh
# In the place of NVIDIA's hook: notes its arguments and, on its input, the state of the container.
here=${0%/*}
{ echo "$*"; cat; } >"$here/calls/new.$$" && mv "$here/calls/new.$$" "$here/calls/$$"
while [ -e "$here/slow" ]; do sleep 0.05; done
"""

_RUNTIME = """\
#!/bin/sh
# In the place of NVIDIA's runtime, which adds its hook and hands on to runc.
exec runc "$@"
"""


@dataclass(frozen=True)
class Call:
    """One call of the hook."""

    arguments: Sequence[str]
    state: Mapping[str, Any]
    """Of the container, as the runtime tells hooks (the OCI runtime specification, *State*)."""


@dataclass(frozen=True)
class GpuEngine:
    """A dockerd of a test's own, and what its hook was called with."""

    private: PrivateEngine
    programs: Path

    @property
    def environ(self) -> Mapping[str, str]:
        """Where it is."""
        return self.private.environ

    @contextmanager
    def slow(self) -> Iterator[None]:
        """Inside, the hook of no container comes to an end, so that none is started in full."""
        (self.programs / "slow").touch()
        try:
            yield
        finally:
            (self.programs / "slow").unlink()

    def calls(self) -> tuple[Call, ...]:
        """Of the hook, oldest first."""
        notes = sorted((self.programs / "calls").glob("[0-9]*"), key=lambda one: one.stat().st_mtime_ns)
        return tuple(_call(note.read_text()) for note in notes)


def gpus(count: int = 4) -> tuple[Gpu, ...]:
    """Devices that such an engine gives out: it does not ask whether they are there."""
    return tuple(
        Gpu(f"GPU-{index:08x}-1111-2222-3333-444444444444", index, "NVIDIA H100 80GB HBM3", 80 * GIB)
        for index in range(count)
    )


@contextmanager
def gpu_engine(
    packages: Path, *, hook: bool = True, runtime: bool = False, megabytes: int = 64
) -> Iterator[GpuEngine]:
    """One that runs and has busybox, gone at the end; ``packages`` is an empty directory.

    ``hook``: whether NVIDIA's hook is there, so that it takes requests for devices; ``runtime``: whether it
    has a runtime ``nvidia``.
    """
    programs = packages / "programs"
    (programs / "calls").mkdir(parents=True)
    if hook:
        _write(programs / HOOK, _HOOK)
    options = []
    if runtime:
        _write(programs / RUNTIME, _RUNTIME)
        options = ["--add-runtime", f"nvidia={programs / RUNTIME}"]
    with private_engine(packages, megabytes=megabytes, options=options, programs=programs) as private:
        yield GpuEngine(private, programs)


def _write(program: Path, text: str) -> None:
    program.write_text(text)
    program.chmod(0o755)


def _call(note: str) -> Call:
    arguments, _, state = note.partition("\n")
    return Call(arguments.split(), json.loads(state))
