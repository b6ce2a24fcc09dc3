"""What sessiontui asks of the machine it runs on, besides its engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import BinaryIO, Literal, Protocol

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.session import Owner

Say = Callable[[str], None]
"""Told each step of a set-up, in a line for a person."""


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """How this machine reaches package indexes: given to image builds, kept out of their results."""

    certificates: bytes = b""
    """The machine's CA bundle, PEM; empty when it has none."""
    pip: str = ""
    """A ``pip.conf`` with the machine's index settings."""
    proxies: Mapping[str, str] = field(default_factory=dict)
    """``HTTP_PROXY`` and its kin."""


ENGINE_INSTALLED = "Container engine installed"
"""Title of the check for that: ``missing`` where one should be installed on this machine."""
ENGINE_ANSWERS = "Container engine answers"
"""Title of the check for that; it names every address that was tried."""
ENGINE_PERMITTED = "Permission to use the engine"
"""Title of a check that is there only when an engine's socket may not be opened."""
TOOLKIT = "NVIDIA container toolkit"
"""Title of a check that is there only where the machine has an NVIDIA device."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing ``doctor`` looks at."""

    title: str
    state: Literal["ok", "missing", "unknown"]
    detail: str
    """What was found, in words."""
    remedy: tuple[str, ...] = ()
    """The exact commands that mend it, for somebody with the right to run them."""


class Host(Protocol):
    """This machine. Methods that change it raise HostError with the commands for an administrator."""

    def owner(self) -> Owner:
        """Who launches: the user, or the one who called sudo."""

    def distributions(self) -> tuple[str, ...]:
        """Suites (``debian-bookworm``) whose packages this machine can make a root file system of."""

    def bootstrap(
        self, distribution: str, say: Say, cancellation: Cancellation
    ) -> AbstractContextManager[BinaryIO]:
        """A tar stream of a minimal root file system made from the distribution's packages.

        Leaving the context early ends the making and removes what it left. Raises HostError.
        """

    def build_settings(self) -> BuildSettings:
        """How image builds reach package indexes from here."""

    def checks(self) -> tuple[Check, ...]:
        """What the machine has and lacks, in the order it should be mended. Changes nothing."""

    def install(self, packages: Sequence[str], say: Say) -> None:
        """Install packages of the distribution. Raises HostError."""

    def start_engine(self, say: Say) -> None:
        """Start the installed engine, by the service manager or directly, and wait until it answers.

        Over a pid file whose process is gone, too. Raises HostError.
        """
