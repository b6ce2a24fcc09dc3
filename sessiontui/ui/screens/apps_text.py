"""What the app dialog says: rows of the list and the lines that bring a person to an app."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from sessiontui.access.forwarding import local_forward
from sessiontui.actions.app_life import OfferedApp
from sessiontui.domain.environment import App, AppPhase
from sessiontui.domain.session import Endpoint
from sessiontui.ui.present import clean, truncate

_LONGEST_LABEL = 40

_LETTERS = "ctabdefghijkmnpqsuvwz"
"""Keys for ways of which there are many, the first two as where there are few."""

_SIGNS = {
    AppPhase.RUNNING: "● running",
    AppPhase.STARTING: "◌ starting",
    AppPhase.STOPPED: "○ stopped",
    AppPhase.FAILED: "✗ failed",
}


@dataclass(frozen=True, slots=True)
class Way:
    """A line (or several, taken together) that brings a person to an app, and the key that copies it."""

    label: str
    line: str
    key: str
    """A letter; not one of those that the dialog has for itself: l, o, r, x."""
    button: str


def ways(endpoint: Endpoint, *, from_afar: bool) -> Sequence[Way]:
    """The ways in the order in which a person needs them, who may sit at another machine."""
    if endpoint.lines:
        return tuple(
            Way(label, line, key, "Copy the block" if "\n" in line.strip() else "Copy the line")
            for (label, line), key in zip(endpoint.lines, _LETTERS, strict=False)
        )
    snippet = Way(
        "Or for good, under its Host in your ~/.ssh/config",
        local_forward(endpoint.port),
        "f",
        "Copy the setting",
    )
    if from_afar:
        return (
            _tunnel(endpoint, "1  On your own machine, leave this running"),
            _address(endpoint, "2  Open there, in a browser" if endpoint.url else "2  Your client's address"),
            snippet,
        )
    return (
        _address(endpoint, "Open in a browser of this machine" if endpoint.url else "Your client's address"),
        _tunnel(endpoint, "From another machine, first"),
        snippet,
    )


def _address(endpoint: Endpoint, label: str) -> Way:
    if endpoint.url:
        return Way(label, endpoint.url, "c", "Copy the URL")
    return Way(label, f"{endpoint.host}:{endpoint.port}", "c", "Copy the address")


def _tunnel(endpoint: Endpoint, label: str) -> Way:
    return Way(label, endpoint.ssh_command, "t", "Copy the ssh line")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the list: an app's, or the heading of those that follow."""

    text: Text
    app: str | None


def rows(offered: Sequence[OfferedApp], *, busy: str | None, doing: str) -> Sequence[Row]:
    """A row for each app below the heading of its group: icon, name, state.

    ``busy`` is the app with which something is being done now, and ``doing`` says what.
    """
    icons = max((cell_len(clean(one.app.icon)) for one in offered), default=0)
    labels = max((cell_len(clean(one.app.label)) for one in offered), default=0)
    groups = list(dict.fromkeys(one.app.group for one in offered))
    found = []
    for group in groups:
        if group and len(groups) > 1:
            found.append(Row(Text(clean(group), "bold", no_wrap=True, overflow="ellipsis"), None))
        for one in offered:
            if one.app.group != group:
                continue
            row = Text(no_wrap=True, overflow="ellipsis")
            row.append(set_cell_size(clean(one.app.icon), min(icons, 2)) + " ")
            row.append(set_cell_size(clean(one.app.label), min(labels, _LONGEST_LABEL)) + "   ")
            text, style = _state(one, f"◌ {doing}" if one.app.name == busy else "")
            row.append(text, style)
            found.append(Row(row, one.app.name))
    return found


def _state(one: OfferedApp, doing: str) -> tuple[str, str]:
    app, state = one.app, one.state
    if doing:
        return doing, ""
    if app.own and state.phase is not AppPhase.RUNNING:
        return f"○ nothing listens on {app.port}", "dim"
    text = _SIGNS[state.phase]
    if state.phase is AppPhase.FAILED and state.reason:
        return f"{text}: {clean(state.reason)}", ""
    if state.phase is AppPhase.RUNNING and state.reason:
        return f"{text}, {clean(state.reason)}", ""
    if state.phase is AppPhase.RUNNING and state.answer:
        return f"{text} · {clean(state.answer)}", ""
    return text, "dim" if state.phase is AppPhase.STOPPED else ""


def what_ends(app: App, offered: Sequence[OfferedApp]) -> str:
    """What a person loses who ends the app."""
    same = [clean(one.app.label) for one in offered if one.app.server == app.server]
    carried = [
        clean(one.app.label)
        for one in offered
        if one.app.via == app.server and one.state.phase is AppPhase.RUNNING
    ]
    said = "What it has not saved is lost."
    if len(same) > 1:
        said = f"{', '.join(same[:-1])} and {same[-1]} are one program: all end. {said}"
    if carried:
        said += f" {', '.join(carried)} cannot be reached until it runs again."
    return truncate(said, 400)
