"""The sides of a file screen (this machine, a folder, a session), and what can be done with their files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from sessiontui.actions import copy
from sessiontui.actions.copy_here import copy_here
from sessiontui.actions.ports import Ports
from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.files import CopyReport, Head, Listing
from sessiontui.domain.folder import HOME, Folder
from sessiontui.domain.session import Session
from sessiontui.storage.local_tree import LocalTree


class Side(Protocol):
    """Where files can be listed, made, copied from and copied to. Errors are SessiontuiErrors."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    @property
    def start(self) -> str:
        """The directory to begin in."""

    @property
    def top(self) -> str:
        """The directory that nobody goes above."""

    def title(self, path: str) -> str:
        """What a person calls one of its directories."""

    def listing(self, path: str) -> Listing:
        """What is in a directory."""

    def make(self, path: str) -> None:
        """Make a directory. Raises AlreadyThere."""

    def head(self, path: str, limit: int) -> Head:
        """How a file begins: at most ``limit`` bytes."""


@dataclass(frozen=True)
class ThisMachine:
    """All files of this machine, as the person may see and change them."""

    ports: Ports
    start: str
    name: str = "this machine"
    top: str = "/"

    @cached_property
    def tree(self) -> LocalTree:
        """Its files."""
        return LocalTree(self.top)

    def title(self, path: str) -> str:
        """See Side."""
        return f"{self.name} {path}"

    def listing(self, path: str) -> Listing:
        """See Side."""
        return copy.local_listing(path)

    def make(self, path: str) -> None:
        """See Side."""
        copy.make_here(self.ports, path)

    def head(self, path: str, limit: int) -> Head:
        """See Side."""
        return self.tree.head(path, limit)


@dataclass(frozen=True)
class InFolder:
    """The files of a folder; no link leads out of it."""

    ports: Ports
    folder: Folder

    @cached_property
    def tree(self) -> LocalTree:
        """Its files."""
        return LocalTree(self.folder.path)

    @property
    def name(self) -> str:
        """See Side."""
        return self.folder.name

    @property
    def start(self) -> str:
        """See Side."""
        return self.tree.top

    @property
    def top(self) -> str:
        """See Side."""
        return self.tree.top

    def title(self, path: str) -> str:
        """See Side."""
        return f"{self.name}{path.removeprefix(self.top)}/"

    def listing(self, path: str) -> Listing:
        """See Side."""
        return self.tree.listing(path)

    def make(self, path: str) -> None:
        """See Side."""
        self.tree.make(path, self.ports.owner)

    def head(self, path: str, limit: int) -> Head:
        """See Side."""
        return self.tree.head(path, limit)


@dataclass(frozen=True)
class InSession:
    """The files of a running session."""

    ports: Ports
    session: Session
    start: str = HOME
    top: str = HOME

    @property
    def name(self) -> str:
        """See Side."""
        return self.session.name

    def title(self, path: str) -> str:
        """See Side."""
        return f"{self.name} {path}"

    def listing(self, path: str) -> Listing:
        """See Side."""
        return copy.session_listing(self.ports, self.session, path)

    def make(self, path: str) -> None:
        """See Side."""
        copy.make_in_session(self.ports, self.session, path)

    def head(self, path: str, limit: int) -> Head:
        """See Side."""
        return copy.session_head(self.ports, self.session, path, limit)


def transfer(
    source: Side,
    path: str,
    target: Side,
    to: str,
    report: CopyReport,
    cancellation: Cancellation,
    *,
    over: bool = False,
) -> tuple[str, ...]:
    """Copy a file or directory from one side into a directory of the other; what was left out of it.

    ``over`` replaces what is there, a directory as a whole. Raises AlreadyThere, StorageError, NotYours,
    EngineError, Cancelled; there is then nothing new, and what was there is there.
    """
    match source, target:
        case (ThisMachine(), InSession()):
            ports, session = target.ports, target.session
            return copy.upload(ports, session, path, to, report, cancellation, over=over)
        case (InSession(), ThisMachine()):
            ports, session = source.ports, source.session
            return copy.download(ports, session, path, to, report, cancellation, over=over)
        case (ThisMachine() | InFolder(), ThisMachine() | InFolder()):
            owner = target.ports.owner
            return copy_here(source.tree, path, target.tree, to, owner, report, cancellation, over=over)
    raise NotImplementedError(f"from {source.name} to {target.name}")


def rename(side: InFolder, path: str, new: str) -> None:
    """Give something in a folder another name in its directory. Raises StorageError."""
    side.tree.rename(path, new)


def remove(side: InFolder, path: str, cancellation: Cancellation) -> None:
    """Remove a file, link or directory in a folder for good. Raises StorageError, Cancelled."""
    side.tree.remove(path, cancellation)
