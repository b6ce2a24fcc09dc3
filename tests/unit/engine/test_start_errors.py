"""What a person is told of a start that the engine refuses."""

from __future__ import annotations

import pytest

from sessiontui.engine.start_errors import taken_port, why_not_started


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        (
            'invalid mount config for type "bind": bind source path does not exist: /srv/my data\n',
            "the folder /srv/my data vanished",
            "make it again",
        ),
        (
            'error mounting "/srv/data" to rootfs at "/x": stat /srv/data: no such file or directory',
            "the folder /srv/data vanished",
            "make it again",
        ),
        (
            "driver failed programming external connectivity on endpoint x: Bind for 127.0.0.1:20002 failed:"
            " port is already allocated",
            "port 20002 that it keeps is used by another program",
            "end that program",
        ),
        ("mkdir /var/lib/docker/overlay2/x: no space left on device", "no space is left", "make room"),
        ("No such image: sessiontui/python:3.11", "its image is no longer on the engine", "build the image"),
        (
            'could not select device driver "nvidia" with capabilities: [[gpu]]',
            "cannot give GPUs",
            "sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker",
        ),
        (
            "nvidia-container-cli: device error: GPU-1: unknown device: unknown",
            "a GPU of it is not there",
            "nvidia-smi",
        ),
        (
            "nvidia-container-cli: initialization error: load library failed: libnvidia-ml.so.1: cannot open",
            "driver does not answer",
            "nvidia-smi says why",
        ),
        (
            "error running prestart hook #0: exit status 1, stdout: , stderr: Using requested mode 'cdi' "
            "invoking the NVIDIA Container Runtime Hook directly (e.g. specifying the docker --gpus flag) is "
            "not supported. Please use the NVIDIA Container Runtime",
            "needs its runtime",
            "nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker",
        ),
        ("Unknown runtime specified nvidia", "does not know the runtime any more", "nvidia-ctk runtime"),
        (
            "nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.4, please update",
            "driver is too old",
            "older version of the environment",
        ),
        (
            "nvidia-container-cli: mount error: failed to add device rules: unable to find any existing "
            "device filters attached to the cgroup: bpf_prog_query(BPF_CGROUP_DEVICE) failed",
            "device cgroups",
            "no-cgroups",
        ),
        (
            "could not start: CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=GPU-1",
            "lacks one of it",
            "nvidia-ctk cdi generate",
        ),
        ("something nobody knows\n", "something nobody knows", ""),
    ],
)  # fmt: skip
def test_what_is_said(error: str, message: str, hint: str) -> None:
    said, advice = why_not_started(error)
    assert message in said
    assert hint in advice
    assert bool(advice) == bool(hint)


def test_a_port_that_is_not_told_is_a_port() -> None:
    assert taken_port("listen udp: address already in use") == "a port"
    assert taken_port("OCI runtime create failed") is None


def test_an_endless_error_is_cut() -> None:
    assert len(why_not_started("x" * 10_000)[0]) == 300
