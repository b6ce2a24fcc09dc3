"""Installs packages of the distribution (Debian, Ubuntu and their kin, through apt)."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from sessiontui.domain.errors import HostError
from sessiontui.domain.session import Owner
from sessiontui.host.port import Say
from sessiontui.host.programs import KEPT, find, for_an_administrator, run
from sessiontui.host.system import read_system

ENGINE = "docker.io"
"""The package of Docker Engine in Debian and Ubuntu."""
OTHER_SYSTEMS = (
    "install a container engine by https://docs.docker.com/engine/install/ (or Podman with its socket), "
    "start it, then run again: sessiontui setup"
)
_APT = ("apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300")
"""It waits for a lock: a machine that has just booted is often at its own upgrades."""
_ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_MODE": "l", "LC_ALL": "C.UTF-8"}


def why(package: str) -> str:
    """What a package is for, for a person who is asked to install it."""
    return {
        ENGINE: "Docker Engine, which runs the sessions",
        "docker-cli": "the docker command, through which shells are opened",
        "ca-certificates": "to trust registries and package indexes",
        "iptables": "the network of containers",
        "apparmor": "this kernel confines containers by it",
        "cgroupfs-mount": "limits of containers on a machine without systemd",
        "mmdebstrap": "makes a base image from the distribution's own packages",
    }.get(package, "asked for")


def install_packages(
    packages: Sequence[str], say: Say, *, owner: Owner, environ: Mapping[str, str], root: Path = Path("/")
) -> None:
    """Install packages with what they need here; those that are installed are left as they are.

    Docker Engine comes without its recommendations (git, needrestart …) but with those that sessions
    need, and its caller, when that is not root, joins the group that may use it.
    Raises HostError; without root its hint holds the commands for an administrator.
    """
    missing = [package for package in packages if not is_installed(package, environ)]
    if not missing:
        say(f"{', '.join(packages)}: already installed")
        return
    if find("apt-get", environ) is None:
        raise HostError(
            f"{read_system(root).title} has no apt-get: {', '.join(missing)} cannot be installed from here",
            OTHER_SYSTEMS,
        )
    if os.geteuid() != 0:
        raise HostError(
            f"installing {', '.join(missing)} needs root",
            for_an_administrator(install_commands(missing, owner)),
        )
    _install_as_root(missing, say, environ)
    if ENGINE in missing and owner.uid != 0:
        _join_group(owner, say, environ)


def install_commands(packages: Sequence[str], owner: Owner) -> list[str]:
    """What an administrator types to get the packages; with the engine, its group for the user.

    The engine comes with its recommendations: which of them a release has is not known here.
    """
    option = "" if ENGINE in packages else " --no-install-recommends"
    commands = ["apt-get update", f"apt-get install -y{option} {shlex.join(packages)}"]
    if ENGINE in packages and owner.uid != 0:
        commands.append(join_group_command(owner))
    return commands


def join_group_command(owner: Owner) -> str:
    """What lets a user reach the engine from the next login on."""
    return f"usermod -aG docker {shlex.quote(owner.name)}"


def is_installed(package: str, environ: Mapping[str, str]) -> bool:
    """Whether dpkg has the package; an engine from elsewhere counts as Docker Engine's package."""
    if package == ENGINE and find("dockerd", environ) is not None:
        return True
    if find("dpkg-query", environ) is None:
        return False
    ended = run(["dpkg-query", "-W", "-f=${db:Status-Status}", package], environ)
    return ended.status == 0 and ended.lines == ("installed",)


def _install_as_root(missing: Sequence[str], say: Say, environ: Mapping[str, str]) -> None:
    settings = {**environ, **_ENVIRONMENT}
    say("Reading the distribution's package lists (apt-get update)")
    updated = run([*_APT, "update"], settings)
    wanted = [*missing]
    if ENGINE in missing:
        wanted += [one for one in _companions() if _is_known(one, settings)]
    for package in wanted:
        say(f"Installing {package}: {why(package)}")
    ended = run(
        [*_APT, "install", "--no-install-recommends", *wanted],
        settings,
        lambda line: say(f"  {line}") if line.startswith("Setting up ") else None,
    )
    if ended.status != 0:
        lines = ended.lines if updated.status == 0 else (*updated.lines, *ended.lines)
        raise HostError(
            f"apt-get could not install {', '.join(wanted)}",
            "\n".join([*lines[-KEPT:], "mend this, then run again: sessiontui setup"]),
        )


def _companions() -> list[str]:
    """What Docker Engine needs beside its hard dependencies, on this machine."""
    wanted = ["docker-cli", "ca-certificates", "iptables"]
    if not Path("/run/systemd/system").is_dir():
        wanted.append("cgroupfs-mount")
    apparmor = Path("/sys/module/apparmor/parameters/enabled")
    if apparmor.is_file() and apparmor.read_text().startswith("Y"):
        wanted.append("apparmor")
    return wanted


def _is_known(package: str, environ: Mapping[str, str]) -> bool:
    """Whether the distribution has a package of that name: docker-cli is part of docker.io in older ones."""
    ended = run(["apt-cache", "madison", package], environ)
    return ended.status == 0 and any(line.split(" ")[0] == package for line in ended.lines)


def _join_group(owner: Owner, say: Say, environ: Mapping[str, str]) -> None:
    say(
        f"Letting {owner.name} use the engine (group docker, as powerful as root); "
        "it holds from the next login on, or at once in: newgrp docker"
    )
    ended = run(join_group_command(owner).split(" "), environ)
    if ended.status != 0:
        raise HostError(
            f"{owner.name} could not join group docker: {' '.join(ended.lines)}",
            for_an_administrator([join_group_command(owner)]),
        )
