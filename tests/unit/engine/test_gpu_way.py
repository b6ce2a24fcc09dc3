"""How engines give GPUs, by what they say of themselves and by files beside them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sessiontui.domain.gpu import Gpu, GpuWay, Vendor
from sessiontui.engine.gpu_payload import Giving
from sessiontui.engine.gpu_way import giving, groups_of, is_podman

TOOLKIT = {"runc": {"path": "runc"}, "nvidia": {"path": "/usr/bin/nvidia-container-runtime", "args": []}}
PLAIN = {"runc": {"path": "runc"}, "io.containerd.runc.v2": {"path": "runc"}}
FOUND = [
    {"Source": "cdi", "ID": "nvidia.com/gpu=0"},
    {"Source": "cdi", "ID": "nvidia.com/gpu=all"},
    {"Source": "cdi", "ID": "vendor.example/fpga=0"},
]


def told(root: Path, *, here: bool = True, rootless: bool = False, **info: Any) -> Giving:
    said = {"ServerVersion": "28.5.1", "Runtimes": PLAIN, **info}
    return giving(said, here=here, rootless=rootless, environ={"HOME": "/home/alice"}, root=root)


def write(path: Path, text: str = "", mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def test_an_engine_with_nvidias_runtime_takes_requests_wherever_it_is(tmp_path: Path) -> None:
    known = Giving(GpuWay.REQUESTS, runtime="nvidia")
    assert told(tmp_path, Runtimes=TOOLKIT, DefaultRuntime="runc") == known
    assert told(tmp_path, Runtimes=TOOLKIT, here=False, DiscoveredDevices=FOUND) == known
    renamed = {"runc": {}, "gpus": TOOLKIT["nvidia"]}
    assert told(tmp_path, Runtimes=renamed, DefaultRuntime="gpus") == replace(known, runtime="gpus")
    # Who lets containers run in a sandbox wants to have sessions there.
    assert told(tmp_path, Runtimes=TOOLKIT, DefaultRuntime="runsc") == replace(known, runtime="")


def test_devices_that_the_engine_found_are_given_by_cdi(tmp_path: Path) -> None:
    known = told(tmp_path, here=False, DiscoveredDevices=FOUND)
    assert known == Giving(GpuWay.CDI, frozenset({"nvidia.com/gpu=0", "nvidia.com/gpu=all"}))
    assert told(tmp_path, DiscoveredDevices=FOUND[2:]).way is None


def test_an_engine_that_tells_only_its_directories_is_looked_over_the_shoulder(tmp_path: Path) -> None:
    write(tmp_path / "etc/cdi/nvidia.yaml", "devices:\n- name: GPU-a\nkind: nvidia.com/gpu\n")
    write(tmp_path / "etc/cdi/notes.txt", "devices:\n- name: GPU-b\nkind: nvidia.com/gpu\n")
    directories = ["/etc/cdi", "/var/run/cdi"]
    names = frozenset({"nvidia.com/gpu=GPU-a"})
    assert told(tmp_path, CDISpecDirs=directories) == Giving(GpuWay.CDI, names)
    assert told(tmp_path, CDISpecDirs=directories, here=False).way is None
    assert told(tmp_path, CDISpecDirs=[]).way is None


def test_a_hook_beside_the_engine_is_enough(tmp_path: Path) -> None:
    write(tmp_path / "usr/bin/nvidia-container-runtime-hook", mode=0o755)
    assert told(tmp_path) == Giving(GpuWay.REQUESTS)
    assert told(tmp_path, here=False).way is None


def test_an_engine_without_a_way_says_so_with_the_remedy(tmp_path: Path) -> None:
    found = told(tmp_path)
    assert found.way is None
    assert "NVIDIA's container toolkit is not set up" in found.trouble
    assert found.remedy == (
        "an administrator runs: sudo apt-get install -y nvidia-container-toolkit && "
        "sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker"
    )
    assert "systemctl --user restart docker" in told(tmp_path, rootless=True).remedy


@pytest.mark.parametrize("place", ["etc", "home/alice/.config"])
def test_an_engine_without_root_needs_a_toolkit_that_leaves_cgroups_alone(tmp_path: Path, place: str) -> None:
    before = told(tmp_path, Runtimes=TOOLKIT, rootless=True)
    assert before.way is GpuWay.REQUESTS
    assert "cgroups" in before.trouble
    assert "--set nvidia-container-cli.no-cgroups" in before.remedy
    settings = tmp_path / place / "nvidia-container-runtime/config.toml"
    write(settings, "[nvidia-container-cli]\n#no-cgroups = true\n")
    assert told(tmp_path, Runtimes=TOOLKIT, rootless=True).trouble
    write(settings, "[nvidia-container-cli]\nno-cgroups = true\n")
    assert not told(tmp_path, Runtimes=TOOLKIT, rootless=True).trouble
    # Of one elsewhere nothing is known.
    assert not told(tmp_path / "nowhere", Runtimes=TOOLKIT, rootless=True, here=False).trouble


def test_podman_takes_cdi_names_alone_and_not_in_old_versions(tmp_path: Path) -> None:
    podman: dict[str, Any] = {"BuildahVersion": "1.39.0", "ServerVersion": "5.4.0"}
    write(tmp_path / "usr/bin/nvidia-container-runtime-hook", mode=0o755)
    missing = told(tmp_path, **podman)
    assert missing.way is None
    assert "nvidia-ctk cdi generate" in missing.remedy
    write(tmp_path / "etc/cdi/nvidia.json", '{"kind": "nvidia.com/gpu", "devices": [{"name": "0"}]}')
    assert told(tmp_path, **podman).way is GpuWay.CDI
    old = told(tmp_path, **{**podman, "ServerVersion": "4.3.1"})
    assert (old.way, "5.4" in old.trouble) == (None, True)


def test_podman_is_known_by_what_only_it_says() -> None:
    assert is_podman({"BuildahVersion": "1.28.2", "ServerVersion": "4.3.1"})
    assert not is_podman({"ServerVersion": "28.5.1"})


def test_the_groups_are_those_of_the_files_that_are_given(tmp_path: Path) -> None:
    group = tmp_path.stat().st_gid
    radeon = Gpu("0x1", 0, "MI300X", vendor=Vendor.AMD, nodes=(str(tmp_path), "/nowhere"))
    assert groups_of([radeon]) == ((group,) if group else ())
    assert groups_of([Gpu("GPU-a", 0, "H100", nodes=(str(tmp_path),))]) == ()
