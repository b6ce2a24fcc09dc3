"""Lines for the stub's script: devices as there are some."""

from __future__ import annotations

GIB = 2**30
DRIVER = "570.86.15"
ERRORS = (1, 2, 3, 4, 6, 7, 10, 13, 15, 16, 18, 24, 999)
"""Some of each kind of NVML's errors: of a call, of a device, of the driver."""
OF_DRIVER = (1, 9, 18)
"""Those after which it answers nothing any more."""


def uuid(index: int) -> str:
    """What a device is called for good."""
    return f"GPU-0000000{index}-aaaa-bbbb-cccc-0123456789ab"


def part_uuid(index: int, part: int) -> str:
    """What a part of a device is called for good."""
    return f"MIG-0000000{index}-000{part}-bbbb-cccc-0123456789ab"


def device(index: int, **fields: str | int) -> str:
    """The lines of a device (an H100 that rests), with some fields as given."""
    lines: dict[str, str | int] = {
        "name": "NVIDIA H100 80GB HBM3",
        "uuid": uuid(index),
        "pci": f"0000:{0x1B + index:02x}:00.0",
        "mode": 0,
        "mig": 0,
        "memory": f"{80 * GIB} {GIB // 2} 0",
        "util": 0,
        "encoder": 0,
        "decoder": 0,
        "power": 70_000,
        "limit": 700_000,
        "temperature": 33,
        "ecc": 0,
        "compute": "",
        "graphics": "",
        "mps": "",
        "samples": "",
        **fields,
    }
    return "".join(f"{index}.{field} {value}\n" for field, value in lines.items())


def machine(*devices: str, driver: str = DRIVER) -> str:
    """The script of a machine with these devices."""
    return f"driver {driver}\ncount {len(devices)}\n" + "".join(devices)


def eight() -> str:
    """A machine with eight devices of one kind that rest."""
    return machine(*(device(index) for index in range(8)))


def part(index: int, number: int, gi: int, ci: int = 0, **fields: str | int) -> str:
    """The lines of a part (MIG) of a device: an instance with an eighth of its memory."""
    lines: dict[str, str | int] = {
        "name": "NVIDIA H100 80GB HBM3 MIG 1g.10gb",
        "uuid": part_uuid(index, number),
        "gi": gi,
        "ci": ci,
        "memory": f"{10 * GIB} {GIB // 16} 0",
        "compute": "",
        "graphics": "",
        "mps": "",
        **fields,
    }
    return "".join(f"{index}:{number}.{field} {value}\n" for field, value in lines.items())
