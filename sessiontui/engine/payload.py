"""From an order to what the engine is asked to create: a pure function, and the names it uses."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from sessiontui.domain.folder import HOME
from sessiontui.domain.launch import Order
from sessiontui.engine.gpu_payload import (
    BY_REQUESTS,
    VISIBLE,
    Giving,
    gpu_host_config,
    gpu_variables,
    visible_devices,
)
from sessiontui.engine.labels import ID_LABEL

SESSION_DIRECTORY = "/opt/sessiontui/session"
"""Where our own files are inside a session."""

CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID")
"""What the start-up script needs to make the user and to become it."""

ROOT_CAPABILITIES = ("AUDIT_WRITE", "SYS_CHROOT")
"""What sshd needs besides when the session's user is root: it notes logins in the kernel's audit log, and
confines itself with chroot before it reads a byte from outside."""

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NPROC",
)
"""Set to the cores of the session: numerical libraries would else start a thread per core of the host."""

STOP_SIGNAL = "SIGPWR"
"""What the engine sends when others stop a session, or when it or the machine goes down: we stop it by
SIGTERM, so that its exit code tells one from the other."""

PIDS = 4096
"""Processes and threads a session may have."""


def container_name(order: Order) -> str:
    """Unique per owner and name, so that the engine itself refuses the second of two at once."""
    return f"sessiontui-{order.owner.uid}-{order.name}"


def home_volume(session_id: str) -> str:
    """Name of the volume that holds a session's home."""
    return f"sessiontui-{session_id}-home"


def session_volume(session_id: str) -> str:
    """Name of the volume that holds our own files of a session: its secret, keys, scripts and logs.

    A volume is no part of an image that is made of the session.
    """
    return f"sessiontui-{session_id}-session"


def session_of_home(volume: str) -> str:
    """The id of the session whose home that volume is; empty where it is no home."""
    session_id = volume.removeprefix("sessiontui-").removesuffix("-home")
    return session_id if volume == home_volume(session_id) else ""


def published_ports(order: Order) -> tuple[int, ...]:
    """The ports inside that get one outside."""
    return tuple(sorted({app.port for app in order.apps if app.published}))


def create_payload(
    order: Order,
    *,
    labels: Mapping[str, str],
    ports: Mapping[int, int],
    user_in_container: tuple[int, int],
    giving: Giving = BY_REQUESTS,
    gpu_groups: Collection[int] = (),
    log_limit: bool = True,
) -> dict[str, Any]:
    """The body of the engine API's ``POST /containers/create``.

    ``ports`` maps ports inside to ports on the host's loopback. ``user_in_container`` is the uid and
    gid of the session's user: the owner's, and 0 on a rootless engine, where that is the owner
    outside. ``giving`` is how the engine gives GPUs; ``gpu_groups`` are the groups that may open their files
    in /dev. ``log_limit`` bounds the log, where the engine keeps it in files.
    """
    uid, gid = user_in_container
    cores = str(max(1, math.ceil(order.ask.cpu)))
    environment = {
        "LANG": "C.UTF-8",
        "HOME": HOME,
        **dict.fromkeys((*THREAD_VARIABLES, *order.core_variables), cores),
        **gpu_variables(order.gpus),
        **dict(order.env),
        # Neither the image nor the person has the say about what is given.
        VISIBLE: visible_devices(order.gpus, giving),
        "SESSIONTUI_UID": str(uid),
        "SESSIONTUI_GID": str(gid),
        "SESSIONTUI_NAME": order.name,
        "SESSIONTUI_ID": order.id,
        "SESSIONTUI_PERSISTENT_PATHS": ":".join(mount.target for mount in order.mounts),
    }
    if order.secrets:
        environment["SESSIONTUI_SECRET_NAMES"] = ",".join(order.secret_names)
    if own := [str(app.port) for app in order.apps if app.own]:
        environment["SESSIONTUI_PREOPEN_PORTS"] = ",".join(own)
    host: dict[str, Any] = {
        "NanoCpus": int(order.ask.cpu * 1_000_000_000),
        "Memory": order.ask.memory,
        "MemorySwap": order.ask.memory,
        "ShmSize": order.shared_memory or order.ask.shared_memory,
        "PidsLimit": PIDS,
        "Init": True,
        "CapDrop": ["ALL"],
        "CapAdd": [*CAPABILITIES, *(ROOT_CAPABILITIES if uid == 0 else ())],
        "SecurityOpt": ["no-new-privileges"],
        "RestartPolicy": {"Name": "no"},
        "PortBindings": {
            f"{inside}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(outside)}]
            for inside, outside in ports.items()
        },
        "Mounts": [
            {
                "Type": "volume",
                "Source": home_volume(order.id),
                "Target": HOME,
                "VolumeOptions": {"Labels": dict(labels)},
            },
            *(
                {
                    "Type": "bind",
                    "Source": mount.source,
                    "Target": mount.target,
                    "ReadOnly": mount.read_only,
                }
                for mount in order.mounts
            ),
            {
                "Type": "volume",
                "Source": session_volume(order.id),
                "Target": SESSION_DIRECTORY,
                # Without the label of a session: whoever lists sessions by their homes is not told of it.
                # Without what the image has there: that is another session's.
                "VolumeOptions": {"NoCopy": True, "Labels": {ID_LABEL: order.id}},
            },
        ],
    }
    if log_limit:
        host["LogConfig"] = {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}
    if gpu_groups:
        host["GroupAdd"] = [str(group) for group in gpu_groups]
        environment["SESSIONTUI_GROUPS"] = " ".join(host["GroupAdd"])
    host |= gpu_host_config(order.gpus, giving)
    return {
        "Image": order.image,
        "Hostname": hostname(order.name),
        "User": "0:0",
        "WorkingDir": HOME,
        "Entrypoint": ["/bin/sh", f"{SESSION_DIRECTORY}/start.sh"],
        "Cmd": [str(order.batch.seconds or 0), order.batch.command] if order.batch else [],
        "Env": [f"{name}={value}" for name, value in environment.items()],
        "Labels": dict(labels),
        "ExposedPorts": {f"{inside}/tcp": {} for inside in ports},
        # Health checks of the image are about its own command, which does not run.
        "Healthcheck": {"Test": ["NONE"]},
        "StopSignal": STOP_SIGNAL,
        "HostConfig": host,
    }


def hostname(name: str) -> str:
    """The session's name as a host name: letters, digits and dashes, at most 63."""
    letters = "".join(letter if letter.isalnum() else "-" for letter in name.lower())
    return letters.strip("-")[:63].strip("-") or "session"
