"""A Linux machine: its user, packages, engine and settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.session import Owner
from sessiontui.host.owner import find_owner
from sessiontui.host.port import BuildSettings, Check, Say


class LinuxHost:
    """Fills the host's port; ``environ`` is the environment of who runs sessiontui.

    What it does is imported when it is asked for: an open dashboard needs to know who launches, no more.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = dict(environ)

    def owner(self) -> Owner:
        """Who launches: the user, or the one who called sudo."""
        return find_owner(self._environ)

    def distributions(self) -> tuple[str, ...]:
        """Suites that can be made here, this machine's own first."""
        from sessiontui.host.distribution import possible_distributions

        return possible_distributions(self._environ)

    def bootstrap(
        self, distribution: str, say: Say, cancellation: Cancellation
    ) -> AbstractContextManager[BinaryIO]:
        """A tar stream of a minimal root file system; see :func:`bootstrapped`."""
        from sessiontui.host.distribution import PROGRAM, bootstrapped

        return bootstrapped(
            distribution,
            say,
            cancellation,
            environ=self._environ,
            install=lambda: self.install((PROGRAM,), say),
        )

    def build_settings(self) -> BuildSettings:
        """How image builds reach package indexes from here."""
        from sessiontui.host.build_settings import read_build_settings

        return read_build_settings(self._environ)

    def checks(self) -> tuple[Check, ...]:
        """What the machine has and lacks."""
        from sessiontui.host.checks import look

        return look(self._environ, self.owner())

    def install(self, packages: Sequence[str], say: Say) -> None:
        """Install packages through apt; with Docker Engine, let the one who called sudo use it."""
        from sessiontui.host.packages import install_packages

        install_packages(packages, say, owner=self.owner(), environ=self._environ)

    def start_engine(self, say: Say) -> None:
        """Start the installed engine and wait until it answers."""
        from sessiontui.host.daemon import Daemon

        Daemon(self._environ).start(say)
