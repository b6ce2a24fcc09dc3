"""What the kernel's directories of the PCI bus tell."""

from __future__ import annotations

from pathlib import Path

from sessiontui.metering import pci


def put(bus: Path, address: str, vendor: str, kind: str, node: str = "-1") -> Path:
    device = bus / address
    device.mkdir()
    for name, value in (("vendor", vendor), ("class", kind), ("numa_node", node)):
        (device / name).write_text(f"{value}\n")
    return device


def test_a_display_of_the_vendor(tmp_path: Path) -> None:
    put(tmp_path, "0000:00:02.0", "0x8086", "0x030000")
    put(tmp_path, "0000:01:00.1", pci.NVIDIA, "0x040300")
    assert not pci.has_display(pci.NVIDIA, tmp_path)
    assert pci.has_display("0x8086", tmp_path)
    put(tmp_path, "0000:01:00.0", pci.NVIDIA, "0x030200")
    assert pci.has_display(pci.NVIDIA, tmp_path)


def test_a_display_that_a_virtual_machine_has_is_none(tmp_path: Path) -> None:
    (tmp_path / "vfio-pci").mkdir()
    bus = tmp_path / "bus"
    bus.mkdir()
    put(bus, "0000:01:00.0", pci.NVIDIA, "0x030200").joinpath("driver").symlink_to(tmp_path / "vfio-pci")
    assert not pci.has_display(pci.NVIDIA, bus)


def test_a_machine_without_such_a_bus(tmp_path: Path) -> None:
    assert not pci.has_display(pci.NVIDIA, tmp_path / "none")
    assert pci.numa_node(0, 1, 0, tmp_path / "none") is None


def test_memory_nodes(tmp_path: Path) -> None:
    put(tmp_path, "0000:af:0a.0", pci.NVIDIA, "0x030200", "3")
    put(tmp_path, "0000:b0:00.0", pci.NVIDIA, "0x030200", "-1")
    put(tmp_path, "0000:b1:00.0", pci.NVIDIA, "0x030200", "no number")
    assert [pci.numa_node(0, 0xAF + n, 10 if not n else 0, tmp_path) for n in range(3)] == [3, None, None]
