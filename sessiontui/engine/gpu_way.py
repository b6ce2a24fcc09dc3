"""How an engine gives GPUs to containers: by what it says of itself and, where it is here, by its files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sessiontui.domain import gpu_toolkit
from sessiontui.domain.gpu import Gpu, GpuWay, Vendor
from sessiontui.engine.cdi import NVIDIA, names_in
from sessiontui.engine.gpu_holders import nvidia_runtimes
from sessiontui.engine.gpu_payload import Giving

_HOOK = "nvidia-container-runtime-hook"
"""The program that dockerd looks for when it starts: with it, it takes requests for devices."""
_USUAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ORDINARY = ("runc", "crun", "io.containerd.runc.v2")
"""Runtimes that NVIDIA's stands before."""
_PODMANS_DIRECTORIES = ("/etc/cdi", "/var/run/cdi")
_PODMAN_WITH_REQUESTS = (5, 4)
"""Podman's first version whose API takes CDI names."""
_LARGEST = 4 << 20
"""Bytes of a specification that are read."""


def is_podman(info: Mapping[str, Any]) -> bool:
    """Whether it is Podman that answers ``GET /info``."""
    return "BuildahVersion" in info or "podman" in str(info.get("ServerVersion", "")).lower()


def giving(
    info: Mapping[str, Any],
    *,
    here: bool,
    rootless: bool,
    environ: Mapping[str, str],
    root: Path = Path("/"),
) -> Giving:
    """How the engine of ``GET /info`` gives NVIDIA's devices. ``here``: it runs on this machine.

    ``root`` is where this machine's files are.
    """
    podman = is_podman(info)
    if podman and _version(info) < _PODMAN_WITH_REQUESTS:
        # It drops a request without a word.
        return Giving(None, trouble=gpu_toolkit.OLD_PODMAN, remedy="an administrator upgrades Podman")
    if not podman and nvidia_runtimes(info) & set(info.get("Runtimes") or ()):
        runtime = _runtime(info)
        return _by_requests(here=here, rootless=rootless, environ=environ, root=root, runtime=runtime)
    names = _names(info, podman=podman, here=here, root=root)
    if names:
        return Giving(GpuWay.CDI, names)
    if not podman and here and _has_hook(environ, root):
        return _by_requests(here=here, rootless=rootless, environ=environ, root=root)
    commands = gpu_toolkit.set_up(rootless=rootless, podman=podman)
    return Giving(None, trouble=gpu_toolkit.NO_WAY, remedy=gpu_toolkit.remedy(*commands))


def groups_of(gpus: Sequence[Gpu]) -> tuple[int, ...]:
    """The groups, but root's, that may open the files in /dev of devices that are given as files."""
    nodes = {node for gpu in gpus if gpu.vendor is not Vendor.NVIDIA for node in gpu.nodes}
    groups = set()
    for node in nodes:
        with suppress(OSError):
            groups.add(Path(node).stat().st_gid)
    return tuple(sorted(groups - {0}))


def _by_requests(
    *, here: bool, rootless: bool, environ: Mapping[str, str], root: Path, runtime: str = ""
) -> Giving:
    if here and rootless and not _leaves_cgroups(environ, root):
        remedy = gpu_toolkit.remedy(gpu_toolkit.LEAVE_CGROUPS)
        return Giving(GpuWay.REQUESTS, trouble=gpu_toolkit.NO_CGROUPS, remedy=remedy, runtime=runtime)
    return Giving(GpuWay.REQUESTS, runtime=runtime)


def _runtime(info: Mapping[str, Any]) -> str:
    """NVIDIA's runtime, which replaces its hook where the toolkit is set to another mode than *legacy*.

    Empty where the engine's own choice is no ordinary runtime: a sandbox stays one.
    """
    names = sorted(nvidia_runtimes(info) & set(info.get("Runtimes") or ()))
    ordinary = info.get("DefaultRuntime") in {None, "", *_ORDINARY, *names}
    return next((one for one in ("nvidia", *names) if one in names), "") if ordinary else ""


def _names(info: Mapping[str, Any], *, podman: bool, here: bool, root: Path) -> frozenset[str]:
    """The CDI names of NVIDIA's devices that the engine finds, as far as can be told."""
    found = info.get("DiscoveredDevices")
    if found is not None:
        told = (str(one.get("ID", "")) for one in found if isinstance(one, Mapping))
        return frozenset(name for name in told if name.startswith(f"{NVIDIA}="))
    directories = info.get("CDISpecDirs") or (_PODMANS_DIRECTORIES if podman else ())
    if not here:
        return frozenset()
    texts = (text for directory in directories for text in _specifications(root / str(directory).lstrip("/")))
    return frozenset[str]().union(*map(names_in, texts))


def _specifications(directory: Path) -> Iterator[str]:
    try:
        files = sorted(directory.iterdir())
    except OSError:
        return
    for file in files:
        if file.suffix in {".json", ".yaml", ".yml"}:
            try:
                with file.open(encoding="utf-8", errors="replace") as opened:
                    yield opened.read(_LARGEST)
            except OSError:
                continue


def _has_hook(environ: Mapping[str, str], root: Path) -> bool:
    import shutil

    usual = os.pathsep.join(str(root / one.lstrip("/")) for one in _USUAL_PATH.split(":"))
    return any(shutil.which(_HOOK, path=path) for path in (usual, environ.get("PATH", "")) if path)


def _leaves_cgroups(environ: Mapping[str, str], root: Path) -> bool:
    """Whether NVIDIA's toolkit is set to leave device cgroups alone, by either of its settings files."""
    import tomllib

    own = environ.get("XDG_CONFIG_HOME") or f"{environ.get('HOME', '')}/.config"
    for directory in (root / own.lstrip("/"), root / "etc"):
        try:
            text = (directory / "nvidia-container-runtime/config.toml").read_text(encoding="utf-8")
            settings = tomllib.loads(text)
        except (OSError, ValueError):
            continue
        if settings.get("nvidia-container-cli", {}).get("no-cgroups") is True:
            return True
    return False


def _version(info: Mapping[str, Any]) -> tuple[int, ...]:
    parts = str(info.get("ServerVersion", "")).split("-")[0].split(".")[:2]
    return tuple(int(one) for one in parts if one.isascii() and one.isdigit() and len(one) < 6)
