"""Turns sessions and figures into styled text, purely: no widget, no clock, no theme.

A cell is a tuple of spans; a span is text and the name of a style, which ``styles/base.tcss``
gives a look as ``.cell--NAME``. Everything that comes from an engine or a label passes
:func:`clean` here and is never read as markup.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from sessiontui.domain.batch import Batch
from sessiontui.domain.environment import OTHER
from sessiontui.domain.folder import HOME, Mount
from sessiontui.domain.launch import Preparation, Progress, Step
from sessiontui.domain.session import Phase, Session
from sessiontui.domain.units import format_age, format_bytes, format_cores, format_duration

STYLES = {
    f"cell--{name}"
    for name in (
        "plain name owner muted faint heading sorted running preparing stopped finished failed "
        "bar bar-rest bar-promised warning icon icon-off key accent tab-on "
        "chart-cpu chart-memory chart-network chart-disk chart-gpu "
        "gpu-own gpu-other-0 gpu-other-1 gpu-other-2 gpu-other-3 gpu-stranger gpu-free"
    ).split()
}
"""The component classes a screen declares for its widgets to draw spans."""

MEMORY_WARNING = 0.9
"""Share of its memory limit from which a session is in danger of being ended."""
THROTTLED_WARNING = 0.1
"""Share of its periods from which a session that is held back by its CPU limit is marked."""

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\|$)"  # OSC: titles, links
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\|$)"  # DCS and its kin
    r"|\x1b[ -/]*[0-~]"  # the short ones
    r"|\x9b[0-?]*[ -/]*[@-~]"
)
_BLANKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Span:
    """Text in one style."""

    text: str
    style: str = "plain"


Cell = tuple[Span, ...]


def clean(text: str) -> str:
    """The text without what could act on a terminal or mislead an eye.

    Escape sequences, control characters, direction marks, invisible and unassigned characters go;
    line ends and tabs become one space.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _BLANKS.sub(" ", _ESCAPES.sub("", text))
    return "".join(one for one in text if unicodedata.category(one)[0] != "C")


def width(cell: Iterable[Span]) -> int:
    """Columns the cell takes on a terminal."""
    return sum(cell_len(span.text) for span in cell)


def truncate(text: str, cells: int) -> str:
    """The text in at most that many columns, the cut marked by an ellipsis."""
    if cell_len(text) <= cells:
        return text
    if cells <= 0:
        return ""
    return set_cell_size(text, cells - 1).rstrip() + "…"


def fit(cell: Cell, cells: int) -> Cell:
    """The cell in exactly that many columns: cut with an ellipsis, or filled with blanks."""
    taken = width(cell)
    if taken <= cells:
        return (*cell, Span(" " * (cells - taken))) if taken < cells else cell
    spans: list[Span] = []
    left = cells
    for index, span in enumerate(cell):
        own = cell_len(span.text)
        rest = any(following.text for following in cell[index + 1 :])
        if own < left or (own == left and not rest):
            spans.append(span)
            left -= own
            continue
        spans.append(Span(truncate(span.text, left) if own > left else _cut(span.text, left), span.style))
        break
    return fit(tuple(spans), cells) if width(spans) < cells else tuple(spans)


def _cut(text: str, cells: int) -> str:
    """The text cut to make room for an ellipsis that stands for what follows it."""
    return set_cell_size(text, max(0, cells - 1)).rstrip() + "…" if cells > 0 else ""


# Figures

_EIGHTHS = " ▏▎▍▌▋▊▉█"


def bar(share: float | None, cells: int, style: str = "bar", promised: float | None = None) -> Cell:
    """A bar of that many columns between its edges; ``promised`` is laid under it, shaded."""
    whole = max(0, min(cells * 8, round((share or 0.0) * cells * 8)))
    if share and not whole:
        whole = 1
    full = "█" * (whole // 8) + (_EIGHTHS[whole % 8] if whole % 8 else "")
    rest = cells - len(full)
    shaded = max(0, min(rest, round((promised or 0.0) * cells) - len(full)))
    spans = [Span("▕", "bar-rest"), Span(full, style)]
    if shaded:
        spans.append(Span("░" * shaded, "bar-promised"))
    spans += [Span(" " * (rest - shaded), "bar-rest"), Span("▏", "bar-rest")]
    return tuple(span for span in spans if span.text)


def used_of(used: str, total: str) -> str:
    """``6.2/16G``: the unit is said once where both have it."""
    if used and total and used[-1] == total[-1] and used[-1].isalpha():
        used = used[:-1]
    return f"{used}/{total}"


def cpu_text(used: float | None, limit: float) -> str:
    """``2.1/4`` cores."""
    text = "—" if used is None else f"{used:.1f}" if used < 10 else format_cores(round(used, 1))
    return f"{text}/{format_cores(limit)}"


def memory_text(used: int | None, limit: int) -> str:
    """``6.2/16G``."""
    return used_of(format_bytes(used), format_bytes(limit))


def held_back(throttled: float | None) -> bool:
    """Whether a CPU limit is felt: the share of throttled periods is past the mark."""
    return throttled is not None and throttled >= THROTTLED_WARNING


def near_limit(used: int | None, limit: int) -> bool:
    """Whether a session is in danger of being ended for its memory."""
    return used is not None and limit > 0 and used >= MEMORY_WARNING * limit


def cpu_cell(used: float | None, limit: float, bar_cells: int, throttled: float | None = None) -> Cell:
    """CPU in use of the limit, with a bar of that many columns (none at 0); marked where it is held back."""
    hot = held_back(throttled)
    text = cpu_text(used, limit) + ("!" if hot else "")
    style = "warning" if hot else "plain" if used is not None else "muted"
    if not bar_cells:
        return (Span(text, style),)
    share = None if used is None else used / limit if limit else 0.0
    return (*bar(share, bar_cells, "warning" if hot else "bar"), Span(" "), Span(text, style))


def memory_cell(used: int | None, limit: int, bar_cells: int, oom_kills: int | None = None) -> Cell:
    """Memory in use of the limit; marked by sign and colour near it, and where it ended programs."""
    hot = near_limit(used, limit) or bool(oom_kills)
    text = memory_text(used, limit) + ("!" if hot else "")
    style = "warning" if hot else "plain" if used is not None else "muted"
    if not bar_cells:
        return (Span(text, style),)
    share = None if used is None or not limit else used / limit
    return (*bar(share, bar_cells, "warning" if hot else "bar"), Span(" "), Span(text, style))


# Sessions

_SIGNS: Mapping[Phase, tuple[str, str]] = {
    Phase.PENDING: ("◌", "preparing"),
    Phase.PREPARING: ("◐", "preparing"),
    Phase.PULLING: ("◐", "preparing"),
    Phase.RUNNING: ("●", "running"),
    Phase.STOPPING: ("◑", "preparing"),
    Phase.STOPPED: ("○", "stopped"),
    Phase.FINISHED: ("✔", "finished"),
    Phase.FAILED: ("✖", "failed"),
}


SAVING: Cell = (Span("◐ saving", "preparing"),)
"""In place of the phase, while an image is made of the session."""


def phase_cell(phase: Phase) -> Cell:
    """The phase by sign, word and colour."""
    sign, style = _SIGNS[phase]
    return (Span(f"{sign} {phase}", style),)


def step_cell(step: Step) -> Cell:
    """What a launch is doing, as a phase."""
    return (Span(f"{'◌' if step is Step.PENDING else '◐'} {step}", "preparing"),)


def name_cell(name: str, owner: str, mine: bool) -> Cell:
    """A session's name; another user's carries theirs."""
    if mine:
        return (Span(clean(name), "name"),)
    return (Span(f"{clean(owner)}/", "owner"), Span(clean(name), "owner"))


def environment_text(environment: str, version: str, image: str, labels: Mapping[str, str]) -> str:
    """``PyTorch 2.6``, or the image's own name where the person named one."""
    if environment == OTHER:
        return clean(image.rpartition("/")[2])
    shown = labels.get(f"{environment}:{version}", version)
    return clean(f"{labels.get(environment, environment)} {shown}".strip())


def reason_cell(session: Session) -> Cell:
    """Why a session that does not run is in its phase, or what it asked for; how long it ran, or what."""
    if session.batch is not None:
        # Its reason tells how long.
        return (*_reason(session), Span(f"  {clean(session.batch.command)}", "faint"))
    ran = () if session.lasted is None else (Span(f" · ran {format_age(session.lasted)}", "faint"),)
    return (*_reason(session), *ran)


def _reason(session: Session) -> Cell:
    if session.reason:
        style = "failed" if session.phase is Phase.FAILED else "muted"
        return (Span(clean(session.reason), style),)
    if session.phase is Phase.FAILED and session.exit_code is not None:
        return (Span(f"exit code {session.exit_code}", "failed"),)
    return (Span(str(session.ask), "faint"),)


def progress_cell(progress: Progress, bar_cells: int) -> Cell:
    """How far a launch is: bar, share and what it says."""
    spans: Cell = ()
    if progress.fraction is not None:
        share = max(0.0, min(1.0, progress.fraction))
        spans = (*bar(share, bar_cells, "preparing"), Span(f" {share:.0%}", "preparing"), Span("  "))
    return (*spans, Span(clean(progress.text), "muted"))


def mount_cell(mount: Mount) -> Cell:
    """``data rw``, or ``data rw → /data`` where that is not its usual place."""
    mode = "ro" if mount.read_only else "rw"
    usual = mount.target == f"{HOME}/{mount.folder}"
    place = "" if usual else f" → {clean(mount.target.removeprefix(f'{HOME}/'))}"
    return (Span(clean(mount.folder)), Span(f" {mode}{place}", "muted"))


def mounts_cell(session: Session | Preparation) -> Cell:
    """The names of the mounted folders; what is read-only says so, and where one is that has moved."""
    mounts = session.order.mounts if isinstance(session, Preparation) else session.mounts
    if not mounts:
        return (Span("—", "faint"),)
    spans: list[Span] = []
    for mount in mounts:
        name, rest = mount_cell(mount)
        spans.append(Span((", " if spans else "") + name.text))
        # Read-write at its own place is what is usual: it takes no room.
        if said := rest.text.removeprefix(" rw"):
            spans.append(Span(said, "muted"))
    return tuple(spans)


def batch_cell(batch: Batch) -> Cell:
    """What a batch session runs, on one line, and what becomes of it."""
    limit = "" if batch.seconds is None else f"  within {format_duration(batch.seconds)}"
    deleted = "  deleted when it ended well" if batch.delete else ""
    return (Span(clean(batch.command)), Span(limit + deleted, "muted"))


@dataclass(frozen=True, slots=True)
class Icon:
    """A sign of the Control column and the command it stands for."""

    sign: str
    command: str
    hint: str


CONTROL = (
    Icon("▤", "open-apps", "apps"),
    Icon("❯", "open-shell", "shell"),
    Icon("≡", "read-logs", "logs"),
    Icon("✕", "delete-session", "delete"),
)
"""The four controls of a row, two columns each."""


def control_cell(session: Session | Preparation, mine: bool) -> Cell:
    """The controls; those that would refuse are dimmed."""
    if isinstance(session, Preparation):
        usable = {"delete-session"}
    else:
        usable = {"read-logs", "delete-session"} if mine else {"read-logs"}
        if mine and session.phase is Phase.RUNNING:
            usable |= {"open-apps", "open-shell"}
    spans: list[Span] = []
    for icon in CONTROL:
        if spans:
            spans.append(Span(" "))
        spans.append(Span(icon.sign, "icon" if icon.command in usable else "icon-off"))
    return tuple(spans)
