"""Making a base: which are possible, the call, and its end, with the real program."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import threading
from pathlib import Path

import pytest

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import Cancelled, HostError
from sessiontui.host.apt_sources import Source
from sessiontui.host.distribution import bootstrap_command, bootstrapped, possible_distributions

needs_mmdebstrap = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mmdebstrap") is None, reason="a base is made by root with mmdebstrap"
)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="root may install what is missing")


def machine(root: Path, os_release: str, *keyrings: str) -> Path:
    (root / "etc").mkdir()
    (root / "etc/os-release").write_text(os_release)
    (root / "usr/share/keyrings").mkdir(parents=True)
    for keyring in keyrings:
        (root / "usr/share/keyrings" / keyring).touch()
    return root


@needs_root
@pytest.mark.parametrize(
    ("os_release", "keyrings", "expected"),
    [
        (
            "ID=debian\nVERSION_CODENAME=bookworm\n",
            ["debian-archive-keyring.gpg", "debian-archive-trixie-stable.gpg"],
            ("debian-bookworm", "debian-trixie"),
        ),
        ("ID=debian\nVERSION_CODENAME=bookworm\n", ["debian-archive-keyring.gpg"], ("debian-bookworm",)),
        (
            "ID=ubuntu\nVERSION_CODENAME=jammy\n",
            ["ubuntu-archive-keyring.gpg"],
            ("ubuntu-jammy", "ubuntu-noble"),
        ),
        (
            "ID=ubuntu\nVERSION_CODENAME=plucky\n",
            [
                "ubuntu-archive-keyring.gpg",
                "debian-archive-keyring.gpg",
                "debian-archive-bookworm-stable.gpg",
            ],
            ("ubuntu-plucky", "ubuntu-noble", "ubuntu-jammy", "debian-bookworm"),
        ),
        ("ID=fedora\n", [], ()),
    ],
)
def test_suites_are_those_whose_keys_are_here_the_own_first(
    tmp_path: Path, os_release: str, keyrings: list[str], expected: tuple[str, ...]
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "apt-get").touch(0o755)
    root = machine(tmp_path, os_release, *keyrings)
    assert possible_distributions({"PATH": str(programs)}, root) == expected


def test_call_without_sources_asks_the_public_archive() -> None:
    command = bootstrap_command("debian-bookworm", ())
    assert command[-2:] == ["bookworm", "-"]
    assert "--variant=minbase" in command
    assert not any(option.startswith("--include") for option in command)


def test_call_uses_the_machines_mirror_and_keys() -> None:
    sources = (
        Source("https://mirror.example/debian", "bookworm", ("main",)),
        Source("https://mirror.example/own", "bookworm-updates", ("main",), "/etc/apt/keyrings/site key.gpg"),
    )
    command = bootstrap_command("debian-bookworm", sources)
    standard = "/usr/share/keyrings/debian-archive-keyring.gpg"
    assert command[-2:] == [
        f"deb [signed-by={standard}] https://mirror.example/debian bookworm main",
        "deb [signed-by=/etc/apt/keyrings/site key.gpg] https://mirror.example/own bookworm-updates main",
    ]
    assert "--include=ca-certificates" in command, "https needs certificates in the base as well"
    assert (
        "--setup-hook=mkdir -p \"$1\"/etc/apt/keyrings && cp '/etc/apt/keyrings/site key.gpg' "
        "\"$1\"'/etc/apt/keyrings/site key.gpg'"
    ) in command


@needs_mmdebstrap
def test_cancelling_ends_the_program_and_leaves_nothing(tmp_path: Path) -> None:
    cancellation, said = Cancellation(), threading.Event()
    environ = {**os.environ, "TMPDIR": str(tmp_path)}

    def make() -> None:
        with bootstrapped(
            "debian-bookworm", lambda line: said.set(), cancellation, environ=environ, install=pytest.fail
        ) as archive:
            assert said.wait(30)
            cancellation.request()
            while archive.read(65536):
                pass

    with pytest.raises(Cancelled):
        make()
    assert list(tmp_path.iterdir()) == []
    running = subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, text=True, check=False)
    assert running.stdout == ""


@needs_mmdebstrap
def test_leaving_early_ends_the_program_and_leaves_nothing(tmp_path: Path) -> None:
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    with (
        pytest.raises(tarfile.ReadError),
        bootstrapped("debian-bookworm", print, Cancellation(), environ=environ, install=pytest.fail),
    ):
        raise tarfile.ReadError("the engine hung up")
    assert list(tmp_path.iterdir()) == []


@needs_mmdebstrap
def test_base_that_cannot_be_made_is_an_error_at_its_end_with_the_last_words(tmp_path: Path) -> None:
    root, scratch = tmp_path / "root", tmp_path / "scratch"
    root.mkdir()
    scratch.mkdir()
    machine(root, "ID=debian\nVERSION_CODENAME=bookworm\n", "debian-archive-keyring.gpg")
    (root / "etc/apt").mkdir()
    # Port 9 of this machine: nobody answers, at once.
    (root / "etc/apt/sources.list").write_text("deb http://127.0.0.1:9/debian bookworm main\n")
    with (
        bootstrapped(
            "debian-bookworm",
            lambda line: None,
            Cancellation(),
            environ={**os.environ, "TMPDIR": str(scratch)},
            install=pytest.fail,
            root=root,
        ) as archive,
        pytest.raises(HostError) as caught,
    ):
        archive.read()
    assert caught.value.message == "mmdebstrap could not make the base"
    assert "apt-get update" in caught.value.hint
    assert list(scratch.iterdir()) == []


def test_unknown_distribution_is_refused() -> None:
    with (
        pytest.raises(HostError, match="not a distribution"),
        bootstrapped("arch-rolling", print, Cancellation(), environ={}, install=pytest.fail),
    ):
        pytest.fail("it was made")
