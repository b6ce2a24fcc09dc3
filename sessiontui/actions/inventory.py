"""What there is to launch, version by version, with what it takes on the engine's disk."""

from __future__ import annotations

from dataclasses import dataclass

from sessiontui.actions.environments import environments
from sessiontui.actions.launch import ready_images
from sessiontui.actions.ports import Ports
from sessiontui.domain.environment import Environment, Version


@dataclass(frozen=True, slots=True)
class Stock:
    """One version of an environment, and its image on the engine."""

    environment: Environment
    version: Version
    prepared: bool
    """Whether a launch of it starts at once."""
    size: int | None
    """Bytes of its image, shared layers included; None where it is not there."""

    @property
    def outdated(self) -> bool:
        """Whether the image is there and of an older recipe."""
        return self.size is not None and not self.prepared


def inventory(ports: Ports) -> tuple[Stock, ...]:
    """All that this person is offered, as they are offered it. Raises ConfigError, EngineError."""
    known = environments(ports)
    ready, sizes = ready_images(ports), ports.engine.image_sizes()
    return tuple(
        Stock(environment, version, version.image in ready, sizes.get(version.image))
        for environment in known
        for version in environment.versions
    )
