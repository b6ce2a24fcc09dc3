"""The stub library, compiled once, and the script it answers from."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.debian import install

SOURCE = Path(__file__).with_name("stub.c")
NAME = "libnvidia-ml.so.1"
"""What NVIDIA's bindings ask the loader for."""


def compiled(directory: Path) -> Path:
    """The library in the directory, compiled there if nobody has yet; other workers may do so at once."""
    library = directory / NAME
    if not library.exists():
        install({"cc": "gcc libc6-dev"})
        own = directory / f"{NAME}.{os.getpid()}"
        # -soname: a process that has it loaded gets it for that name, wherever the file is.
        flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f"-Wl,-soname,{NAME}"]
        subprocess.run([shutil.which("cc") or "cc", *flags, "-o", own, SOURCE], check=True)
        own.rename(library)
    return library


class NvmlStub:
    """A driver of NVIDIA's that says what is written. ``stub.c`` has the lines it knows."""

    def __init__(self, library: Path, directory: Path) -> None:
        self._library = library
        self._script = directory / "nvml.script"
        self._calls = directory / "nvml.calls"

    def write(self, script: str) -> None:
        """Let it say this from now on, and nothing else."""
        new = self._script.with_suffix(".new")
        new.write_text(script)
        new.replace(self._script)

    def add(self, line: str) -> None:
        """Let it say this too; of two lines of one key the later counts."""
        self.write(f"{self._script.read_text()}\n{line}\n")

    def remove(self) -> None:
        """Unload the driver."""
        self._script.unlink()

    def calls(self) -> list[str]:
        """The keys that were asked for since the last time this was called."""
        if not self._calls.exists():
            return []
        calls = self._calls.read_text().splitlines()
        self._calls.unlink()
        return calls

    @property
    def environ(self) -> Mapping[str, str]:
        """What a program has to be started with for it to meet this driver."""
        return {"LD_LIBRARY_PATH": str(self._library.parent), **self.variables}

    @property
    def variables(self) -> Mapping[str, str]:
        """Where the library, once it is loaded, finds its script."""
        return {"NVML_STUB_SCRIPT": str(self._script), "NVML_STUB_CALLS": str(self._calls)}

    def load(self) -> None:
        """Load the library into this process, for good: NVIDIA's bindings find it by its name."""
        own = ctypes.CDLL(str(self._library))
        assert ctypes.CDLL(NAME)._handle == own._handle, "another library of this name is loaded already"
