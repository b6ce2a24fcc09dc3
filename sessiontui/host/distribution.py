"""Makes a minimal root file system from a distribution's own packages, with mmdebstrap(1)."""

from __future__ import annotations

import io
import os
import pwd
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import HostError
from sessiontui.host.apt_sources import Source, read_sources, sources_of
from sessiontui.host.port import Say
from sessiontui.host.programs import KEPT, find, for_an_administrator, run, with_administrators_path
from sessiontui.host.system import System, read_system

PROGRAM = "mmdebstrap"
_RELEASES = {"debian": ("trixie", "bookworm"), "ubuntu": ("noble", "jammy")}
"""Releases worth a base, newest first."""
_KEYRINGS = {
    "debian": "usr/share/keyrings/debian-archive-keyring.gpg",
    "ubuntu": "usr/share/keyrings/ubuntu-archive-keyring.gpg",
}
_EXCLUDED = ("/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/doc/*")
"""Left out of a base, as the slim images of the distributions do; licences stay."""
_SECONDS_TO_CLEAN_UP = 20


def possible_distributions(environ: Mapping[str, str], root: Path = Path("/")) -> tuple[str, ...]:
    """Suites that can be made here, this machine's own first: those whose keys it has.

    None when mmdebstrap is neither here nor can be installed by this user, or may not be used.
    """
    system = read_system(root)
    if not _can_bootstrap(environ, root):
        return ()
    own = f"{system.id}-{system.codename}"
    known = [
        f"{name}-{codename}"
        for name in sorted(_RELEASES, key=lambda name: name != system.id)
        for codename in dict.fromkeys((system.codename if name == system.id else "", *_RELEASES[name]))
        if codename and _has_keys(name, codename, system, root)
    ]
    return tuple(sorted(known, key=lambda one: one != own))


def _has_keys(name: str, codename: str, system: System, root: Path) -> bool:
    if not (root / _KEYRINGS[name]).exists():
        return False
    if name == "ubuntu" or (name, codename) == (system.id, system.codename):
        return True  # one key has signed every release of Ubuntu since 2018
    return any((root / "usr/share/keyrings").glob(f"debian-archive-{codename}-*"))


def _can_bootstrap(environ: Mapping[str, str], root: Path) -> bool:
    if os.geteuid() == 0:
        return find(PROGRAM, environ) is not None or find("apt-get", environ) is not None
    return find(PROGRAM, environ) is not None and _why_not_unprivileged(environ, root) is None


def _why_not_unprivileged(environ: Mapping[str, str], root: Path) -> str | None:
    """Why a user who is not root cannot use mmdebstrap; None when one of its modes is open."""
    if find("fakechroot", environ) is not None:
        return None
    if find("newuidmap", environ) is None:
        return "neither uidmap nor fakechroot is installed"
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
        ranges = (root / "etc/subuid").read_text().splitlines()
    except (OSError, KeyError):
        return "no user ids are set aside for this user in /etc/subuid"
    if not any(line.split(":")[0] in (name, str(os.getuid())) for line in ranges):
        return f"no user ids are set aside for {name} in /etc/subuid"
    return None


def bootstrap_command(distribution: str, sources: Sequence[Source], root: Path = Path("/")) -> list[str]:
    """The mmdebstrap call that writes a distribution's base to its output as a tar.

    The base's own apt goes on using the sources given; with none it uses the public archive.
    """
    name, _, codename = distribution.partition("-")
    standard = f"/{_KEYRINGS[name]}"
    command = [PROGRAM, "--variant=minbase", "--format=tar", f"--keyring={root / _KEYRINGS[name]}"]
    if any(source.uri.startswith("https:") for source in sources):
        command.append("--include=ca-certificates")
    command += [f"--dpkgopt=path-exclude={path}" for path in _EXCLUDED]
    command.append("--dpkgopt=path-include=/usr/share/doc/*/copyright")
    lines = []
    for source in sources:
        keyring = source.signed_by or standard
        if not keyring.startswith(standard.removesuffix(".gpg")):
            # The base needs the mirror's own key as well, where its apt will look for it.
            quoted = shlex.quote(keyring)
            directory = shlex.quote(str(Path(keyring).parent))
            command.append(f'--setup-hook=mkdir -p "$1"{directory} && cp {quoted} "$1"{quoted}')
        else:
            keyring = standard
        lines.append(f"deb [signed-by={keyring}] {source.uri} {source.suite} {' '.join(source.components)}")
    return [*dict.fromkeys(command), codename, "-", *lines]


class _Whole(io.RawIOBase):
    """Output of a program that must end well: its end raises when it did not.

    A tar that was cut off would otherwise pass for a whole one.
    """

    def __init__(self, output: IO[bytes], check_end: Callable[[], None]) -> None:
        self._output = output
        self._check_end = check_end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        count: int = self._output.readinto(buffer)  # type: ignore[attr-defined]
        if count == 0:
            self._check_end()
        return count


@contextmanager
def bootstrapped(
    distribution: str,
    say: Say,
    cancellation: Cancellation,
    *,
    environ: Mapping[str, str],
    install: Callable[[], None],
    root: Path = Path("/"),
) -> Iterator[BinaryIO]:
    """A tar stream of a base; ``install`` gets mmdebstrap where it is missing.

    Leaving early ends the program and removes what it left. Reading to the end of a base that could
    not be made raises HostError with the program's last lines; Cancelled after a request.
    """
    if distribution.partition("-")[0] not in _RELEASES:
        raise HostError(f"{distribution} is not a distribution this machine can make")
    if find(PROGRAM, environ) is None:
        install()
    if os.geteuid() != 0 and (why_not := _why_not_unprivileged(environ, root)) is not None:
        raise HostError(
            f"{PROGRAM} cannot make a base without root: {why_not}",
            for_an_administrator(["apt-get install -y fakechroot fakeroot uidmap", "sessiontui setup"]),
        )
    sources = sources_of(distribution, read_system(root), read_sources(root))
    command = bootstrap_command(distribution, sources, root)
    with _scratch_directory(environ) as scratch:
        settings = {
            **_proxies_of_apt(environ),
            **with_administrators_path(environ),
            "TMPDIR": str(scratch),
            "LC_ALL": "C.UTF-8",
        }
        with _Bootstrap(command, settings, say) as program, cancellation.breaking(program.terminate):
            yield program.stream(cancellation)


class _Bootstrap:
    """One run of mmdebstrap, in a process group of its own."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], say: Say) -> None:
        self._say = say
        self._kept: deque[str] = deque(maxlen=KEPT)
        try:
            self._process = subprocess.Popen(
                command,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            raise HostError(f"{command[0]} cannot be run: {error.strerror}") from error
        self._listener = threading.Thread(target=self._listen, name=PROGRAM, daemon=True)

    def __enter__(self) -> _Bootstrap:
        self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.terminate()
        try:
            self._process.wait(_SECONDS_TO_CLEAN_UP)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait()
        self._signal(signal.SIGKILL)  # what is left of its group: nothing, unless it was killed
        self._listener.join(_SECONDS_TO_CLEAN_UP)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None and (pipe is self._process.stdout or not self._listener.is_alive()):
                pipe.close()

    def stream(self, cancellation: Cancellation) -> BinaryIO:
        """Its output, which raises at its end when the program failed."""

        def check_end() -> None:
            status = self._process.wait()
            cancellation.check()
            if status != 0:
                self._listener.join(_SECONDS_TO_CLEAN_UP)
                raise HostError(
                    f"{PROGRAM} could not make the base", "\n".join(f"  {line}" for line in self._kept)
                )

        assert self._process.stdout is not None  # noqa: S101 - asked for above
        return io.BufferedReader(_Whole(self._process.stdout, check_end), 1024 * 1024)

    def terminate(self) -> None:
        """Ask the program to end; it removes its directory and mounts by itself."""
        if self._process.poll() is None:
            self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _listen(self) -> None:
        assert self._process.stderr is not None  # noqa: S101 - asked for above
        for line in self._process.stderr:
            text = line.decode(errors="replace").strip()
            if text:
                self._kept.append(text)
            if text.startswith("I: ") and "tempdir" not in text:
                self._say(text.removeprefix("I: ")[:100])


@contextmanager
def _scratch_directory(environ: Mapping[str, str]) -> Iterator[Path]:
    """A directory that is gone afterwards, with the mounts a killed program left in it.

    On /var/tmp, since /tmp may be memory; open to pass, since a mapped user works in it.
    """
    parent = environ.get("TMPDIR") or ("/var/tmp" if os.access("/var/tmp", os.W_OK) else None)  # noqa: S108
    scratch = Path(tempfile.mkdtemp(prefix="sessiontui-base-", dir=parent))
    try:
        scratch.chmod(0o755)
        yield scratch
    finally:
        _unmount_below(scratch)
        if not _mounts_below(scratch):  # never delete through what is still mounted there
            shutil.rmtree(scratch, ignore_errors=True)


def _mounts_below(directory: Path) -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split(" ")[4] for line in lines]
    return [point for point in points if point.startswith(f"{directory}/")]


def _unmount_below(directory: Path) -> None:
    for point in reversed(_mounts_below(directory)):
        subprocess.run(["umount", "--lazy", point], check=False, capture_output=True)


def _proxies_of_apt(environ: Mapping[str, str]) -> dict[str, str]:
    """The proxies of this machine's apt, as variables: mmdebstrap does not read apt's settings."""
    if find("apt-config", environ) is None:
        return {}
    asked = ["http_proxy", "Acquire::http::Proxy", "https_proxy", "Acquire::https::Proxy"]
    assignments = [shlex.split(line)[0] for line in run(["apt-config", "shell", *asked], environ).lines]
    proxies = dict(assignment.partition("=")[::2] for assignment in assignments)
    return {name: value for name, value in proxies.items() if value and value != "DIRECT"}
