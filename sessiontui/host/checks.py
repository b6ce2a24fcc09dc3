"""What ``doctor`` looks at: whether this machine can give sessions, and what mends what it lacks."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sessiontui.dockerd.addresses import Address, candidates
from sessiontui.domain import gpu_toolkit
from sessiontui.domain.errors import EngineUnreachable
from sessiontui.domain.session import Owner
from sessiontui.domain.units import GIB, format_bytes
from sessiontui.host.daemon import has_systemd, ping
from sessiontui.host.owner import groups_held, groups_of
from sessiontui.host.packages import ENGINE, install_commands, join_group_command
from sessiontui.host.port import ENGINE_ANSWERS, ENGINE_INSTALLED, ENGINE_PERMITTED, TOOLKIT, Check
from sessiontui.host.programs import find
from sessiontui.host.system import read_system

ROOM = 10 * GIB
"""What a few environments' images take on the engine's disk."""
_OURS = ("unix:///var/run/docker.sock", "unix:///run/docker.sock")
"""Addresses of the engine that a set-up installs and starts."""


@dataclass(frozen=True, slots=True)
class _Tried:
    """What was found at one address."""

    address: Address
    outcome: str
    """``answers``, ``not permitted``, ``not there``, ``does not answer`` or ``not looked at``."""


def look(environ: Mapping[str, str], owner: Owner, root: Path = Path("/")) -> tuple[Check, ...]:
    """All checks, in the order they should be mended. Changes nothing."""
    try:
        tried = [_Tried(address, _outcome(address)) for address in candidates(environ)]
        trouble = ""
    except EngineUnreachable as error:
        tried, trouble = [], error.message
    return (
        Check("Python", "ok", f"{sys.version.split()[0]} at {sys.executable}"),
        *_engine(tried, trouble, environ, owner, root),
        _docker_cli(environ, owner),
        *_disk(tried, root),
        _memory(root),
        *_nvidia(environ),
        _optional("tmux", "keeps the dashboard alive when the line drops", environ),
        _optional("ssh", "reaches the SSH and SFTP app of sessions from this machine", environ),
    )


def _outcome(address: Address) -> str:
    path = address.url.removeprefix("unix://")
    if path == address.url:
        return "not looked at"  # over the network: the client itself tells how that goes
    if not _exists(path):
        return "not there"
    problem = ping(Path(path))
    if problem is None:
        return "answers"
    return "not permitted" if isinstance(problem, PermissionError) else "does not answer"


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except PermissionError:
        return True


def _engine(
    tried: list[_Tried], trouble: str, environ: Mapping[str, str], owner: Owner, root: Path
) -> Iterator[Check]:
    outcomes = [one.outcome for one in tried]
    words = "; ".join(f"{_place(one.address)}: {one.outcome}" for one in tried) or trouble
    named = bool(trouble) or (bool(tried) and tried[0].address.named_by != "socket")
    yield _installed(named, outcomes, tried, environ, owner, root)
    if "answers" in outcomes:
        yield Check(ENGINE_ANSWERS, "ok", _place(tried[outcomes.index("answers")].address))
    elif "not looked at" in outcomes:
        yield Check(ENGINE_ANSWERS, "unknown", words)
    elif "not permitted" in outcomes:
        yield Check(ENGINE_ANSWERS, "unknown", words)
        denied = tried[outcomes.index("not permitted")].address
        yield permission(denied, owner, held=groups_held(), to_come=groups_of(owner))
    else:
        remedy = ("docker context ls", "unset DOCKER_HOST DOCKER_CONTEXT") if named else (_start_command(),)
        yield Check(ENGINE_ANSWERS, "missing", words, remedy)


def permission(address: Address, owner: Owner, *, held: frozenset[str], to_come: frozenset[str]) -> Check:
    """What lets the owner in at an address whose socket is there, by groups of this login and the next."""
    if address.url not in _OURS or "docker" in held:
        path = address.url.removeprefix("unix://")
        # Root's Podman has no group of users; everybody can have one of their own.
        own = "systemctl --user enable --now podman.socket"
        remedy = own if path.endswith("/podman.sock") else f"ls -lL {path}"
        return Check(ENGINE_PERMITTED, "missing", f"{owner.name} may not open {path}", (remedy,))
    if "docker" in to_come:
        words = f"{owner.name} is in group docker, but this login is older: log in again, or for this shell"
        return Check(ENGINE_PERMITTED, "missing", words, ("newgrp docker",))
    words = f"{owner.name} may not open the engine's socket"
    return Check(ENGINE_PERMITTED, "missing", words, (f"sudo {join_group_command(owner)}", "newgrp docker"))


def _place(address: Address) -> str:
    return address.url if address.named_by == "socket" else f"{address.url} (named by {address.named_by})"


def _installed(
    named: bool,
    outcomes: list[str],
    tried: list[_Tried],
    environ: Mapping[str, str],
    owner: Owner,
    root: Path,
) -> Check:
    if named and not any(one.address.url in _OURS for one in tried):
        by = tried[0].address.named_by if tried else "the docker context"
        return Check(ENGINE_INSTALLED, "unknown", f"{by} names an engine elsewhere: none is needed here")
    program = find("dockerd", environ) or find("podman", environ)
    if program is not None:
        return Check(ENGINE_INSTALLED, "ok", program)
    if "answers" in outcomes or "not permitted" in outcomes:
        return Check(ENGINE_INSTALLED, "ok", "its socket is here, its program is elsewhere")
    if find("apt-get", environ) is None:
        title = read_system(root).title
        return Check(
            ENGINE_INSTALLED,
            "missing",
            f"neither dockerd nor podman is here, and {title} has no apt-get: "
            "see https://docs.docker.com/engine/install/",
        )
    commands = install_commands([ENGINE], owner)
    return Check(
        ENGINE_INSTALLED,
        "missing",
        "neither dockerd nor podman is here",
        tuple(f"sudo {command}" for command in commands),
    )


def _start_command() -> str:
    return "sudo systemctl enable --now docker" if has_systemd() else "sudo sessiontui setup"


def _docker_cli(environ: Mapping[str, str], owner: Owner) -> Check:
    title = "docker command (opens shells)"
    program = find("docker", environ)
    if program is not None:
        return Check(title, "ok", program)
    # Older distributions have it in the engine's package, newer ones in one of its own.
    package = "docker-cli" if find("dockerd", environ) else ENGINE
    commands = install_commands([package], owner)
    return Check(title, "missing", "not on PATH", tuple(f"sudo {command}" for command in commands))


def _disk(tried: list[_Tried], root: Path) -> Iterator[Check]:
    """Room where a local engine keeps images; nothing is said of an engine elsewhere."""
    if not any(one.address.url.startswith("unix://") for one in tried):
        return
    place = _data_root(root)
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        yield Check("Disk", "unknown", f"{place}: {error.strerror}")
        return
    words = f"{format_bytes(free)} free at {place}; an environment's image takes 1 to 20G"
    if free < ROOM:
        yield Check("Disk", "missing", words, ("docker system df", "docker image prune"))
    else:
        yield Check("Disk", "ok", words)


def _data_root(root: Path) -> Path:
    """Where dockerd keeps its data: its settings file may say, dockerd(8)."""
    try:
        settings = json.loads((root / "etc/docker/daemon.json").read_text(encoding="utf-8"))
        return Path(str(settings["data-root"]))
    except (OSError, ValueError, KeyError, TypeError):
        return root / "var/lib/docker"


def _memory(root: Path) -> Check:
    """Whether the kernel can limit memory and CPU by cgroup."""
    title = "Limits (cgroups)"
    remedy = ("sudo sessiontui setup",)
    try:
        mounts = (root / "proc/self/mountinfo").read_text()
    except OSError as error:
        return Check(title, "unknown", str(error.strerror))
    version_1 = [line.rpartition(" ")[2].split(",") for line in mounts.splitlines() if " - cgroup " in line]
    bound = {controller for controllers in version_1 for controller in controllers}
    if "memory" in bound:
        lacking = [one for one in ("cpu", "cpuacct", "pids") if one not in bound]
        if lacking:
            return Check(title, "missing", f"version 1 without {', '.join(lacking)}", remedy)
        return Check(title, "ok", "version 1, memory and CPU")
    point = next((line.split(" ")[4] for line in mounts.splitlines() if " - cgroup2 " in line), None)
    if point is None:
        return Check(title, "missing", "no cgroups are mounted: the engine cannot limit sessions", remedy)
    try:
        controllers = Path(point, "cgroup.controllers").read_text().split()
    except OSError:
        controllers = []
    lacking = [one for one in ("cpu", "memory", "pids") if one not in controllers]
    if lacking:
        return Check(
            title,
            "missing",
            f"version 2 without {', '.join(lacking)}: enable them on the kernel's command line",
        )
    return Check(title, "ok", "version 2, memory and CPU")


def _nvidia(environ: Mapping[str, str]) -> Iterator[Check]:
    """Driver and container toolkit, where there is an NVIDIA device at all."""
    if not _has_nvidia_device():
        return
    if Path("/proc/driver/nvidia/version").exists() or Path("/dev/nvidiactl").exists():
        yield Check("NVIDIA driver", "ok", "loaded")
    else:
        yield Check(
            "NVIDIA driver",
            "missing",
            "an NVIDIA device is here and no driver is loaded",
            ("sudo apt-get install -y nvidia-driver",),
        )
    toolkit = find("nvidia-container-runtime", environ) or find("nvidia-ctk", environ)
    if toolkit is not None:
        yield Check(TOOLKIT, "ok", toolkit)
    else:
        restart = gpu_toolkit.RESTART if has_systemd() else "sudo sessiontui setup"
        yield Check(
            TOOLKIT,
            "missing",
            f"sessions cannot be given GPUs: add NVIDIA's package source first, {gpu_toolkit.GUIDE}",
            gpu_toolkit.set_up(restart=restart),
        )


def _has_nvidia_device(devices: Path = Path("/sys/bus/pci/devices")) -> bool:
    """Whether a display controller (class 03) of NVIDIA (vendor 10de) is on the bus."""
    if Path("/dev/nvidia0").exists():
        return True
    try:
        for device in devices.iterdir():
            vendor = (device / "vendor").read_text().strip()
            if vendor == "0x10de" and (device / "class").read_text().startswith("0x03"):
                return True
    except OSError:
        return False
    return False


def _optional(program: str, use: str, environ: Mapping[str, str]) -> Check:
    """A program that is good to have: lacking it is told, and is no fault."""
    found = find(program, environ)
    return Check(f"{program} (optional)", "ok", found or f"not here; {use}")
