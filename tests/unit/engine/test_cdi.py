"""Names of devices in the Container Device Interface."""

from __future__ import annotations

from sessiontui.domain.gpu import Gpu
from sessiontui.engine.cdi import name_of, names_in, plain

GPU = Gpu("GPU-a", 0, "H100")
PART = Gpu("MIG-b", 0, "H100 3g.40gb", parent="GPU-a", part=1)

YAML = """---
cdiVersion: 0.5.0
containerEdits:
  deviceNodes:
  - path: /dev/nvidiactl
  hooks:
  - args:
    - nvidia-cdi-hook
    hookName: createContainer
    path: /usr/bin/nvidia-cdi-hook
devices:
- containerEdits:
    deviceNodes:
    - path: /dev/nvidia0
  name: "0"
- containerEdits:
    deviceNodes:
    - path: /dev/nvidia0
  name: GPU-aaaaaaaa-1111-2222-3333-444444444444
- containerEdits:
    deviceNodes:
    - path: /dev/nvidia0
  name: "0:1"
- containerEdits: {}
  name: all
kind: nvidia.com/gpu
"""
"""As ``nvidia-ctk cdi generate`` writes it, shortened."""


def test_a_device_goes_by_its_uuid_and_by_its_number_only_where_that_alone_is_known() -> None:
    assert name_of(GPU, ()) == "nvidia.com/gpu=GPU-a"
    assert name_of(GPU, {"nvidia.com/gpu=0", "nvidia.com/gpu=GPU-a"}) == "nvidia.com/gpu=GPU-a"
    assert name_of(GPU, {"nvidia.com/gpu=0", "nvidia.com/gpu=all"}) == "nvidia.com/gpu=0"
    assert name_of(PART, ()) == "nvidia.com/gpu=MIG-b"
    assert name_of(PART, {"nvidia.com/gpu=0:1"}) == "nvidia.com/gpu=0:1"


def test_the_name_within_a_kind_is_the_uuid() -> None:
    assert plain("nvidia.com/gpu=GPU-a") == "GPU-a"
    assert plain("GPU-a") == "GPU-a"
    assert plain("vendor.example/fpga=GPU-a") == "vendor.example/fpga=GPU-a"


def test_a_specification_tells_its_names_in_either_format() -> None:
    kind = "nvidia.com/gpu="
    names = {f"{kind}{one}" for one in ("0", "0:1", "all", "GPU-aaaaaaaa-1111-2222-3333-444444444444")}
    assert names_in(YAML) == names
    assert names_in('{"kind":"nvidia.com/gpu","devices":[{"name":"0"},{"name":"GPU-a"}]}') == {
        f"{kind}0",
        f"{kind}GPU-a",
    }
    assert names_in(YAML.replace("nvidia.com/gpu", "vendor.example/fpga")) == set()
