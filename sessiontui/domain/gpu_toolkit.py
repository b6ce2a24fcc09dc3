"""What an engine needs to give NVIDIA's GPUs to containers, in words for a person."""

from __future__ import annotations

GUIDE = "https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html"
"""How to add NVIDIA's package source."""

NO_WAY = "this engine cannot give GPUs to containers: NVIDIA's container toolkit is not set up"
"""What is wrong where an engine knows no way."""

OLD_PODMAN = "Podman gives GPUs to containers over its API from version 5.4 on"

NO_CGROUPS = "NVIDIA's container toolkit would set device cgroups, which an engine without root may not"

INSTALL = "sudo apt-get install -y nvidia-container-toolkit"
CONFIGURE = "sudo nvidia-ctk runtime configure --runtime=docker"
RESTART = "sudo systemctl restart docker"
_BY_WHOM, _THEN = "an administrator runs: ", " && "
_ROOTLESS = (
    "nvidia-ctk runtime configure --runtime=docker --config=$HOME/.config/docker/daemon.json",
    "systemctl --user restart docker",
)
LEAVE_CGROUPS = "sudo nvidia-ctk config --set nvidia-container-cli.no-cgroups --in-place"
DESCRIBE = "sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"


def set_up(*, rootless: bool = False, podman: bool = False, restart: str = RESTART) -> tuple[str, ...]:
    """The commands that make an engine know NVIDIA's container toolkit, once its package source is added."""
    if podman:
        return (INSTALL, DESCRIBE)
    if rootless:
        return (INSTALL, *_ROOTLESS, LEAVE_CGROUPS)
    return (INSTALL, CONFIGURE, restart)


def remedy(*commands: str) -> str:
    """The commands as a sentence."""
    return f"{_BY_WHOM}{_THEN.join(commands)}"


def commands_of(sentence: str) -> tuple[str, ...]:
    """What such a sentence says to run; nothing where it says something else."""
    return tuple(sentence.removeprefix(_BY_WHOM).split(_THEN)) if sentence.startswith(_BY_WHOM) else ()
