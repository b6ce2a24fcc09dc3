"""What the app dialog says: rows of the list and the lines that bring a person to an app."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from sessiontui.domain.environment import App
from sessiontui.domain.session import Endpoint
from sessiontui.ui.present import clean


@dataclass(frozen=True, slots=True)
class Way:
    """One line that brings a person to an app, and the key that copies it."""

    label: str
    line: str
    key: str
    button: str


def ways(endpoint: Endpoint, *, from_afar: bool) -> Sequence[Way]:
    """The lines in the order in which a person needs them, who may sit at another machine."""
    if not endpoint.url:
        return (
            Way("Log in, on this machine", endpoint.ssh_command, "c", "Copy the login line"),
            Way("Copy files", endpoint.sftp_command, "t", "Copy the sftp line"),
        )
    if from_afar:
        return (
            _tunnel(endpoint, "1  On your own machine, carry the port over and leave this running"),
            _address(endpoint, "2  Open there, in a browser"),
        )
    return (
        _address(endpoint, "Open in a browser of this machine"),
        _tunnel(endpoint, "From another machine, first (with this one's address for localhost)"),
    )


def _address(endpoint: Endpoint, label: str) -> Way:
    return Way(label, endpoint.url, "c", "Copy the URL")


def _tunnel(endpoint: Endpoint, label: str) -> Way:
    return Way(label, endpoint.ssh_command, "t", "Copy the ssh line")


def rows(apps: Sequence[App], *, starting: str | None, running: Collection[str]) -> Sequence[Text]:
    """A row for each app: icon, name, and whether it answers already."""
    icons = max((cell_len(clean(one.icon)) for one in apps), default=0)
    labels = max((cell_len(clean(one.label)) for one in apps), default=0)
    found = []
    for app in apps:
        row = Text(no_wrap=True, overflow="ellipsis")
        row.append(set_cell_size(clean(app.icon), min(icons, 2)) + " ")
        row.append(set_cell_size(clean(app.label), min(labels, 40)) + "   ", "bold")
        if app.name == starting:
            row.append("◌ starting")
        elif app.name in running:
            row.append("● running")
        else:
            row.append("○ starts when opened", "dim")
        found.append(row)
    return found
