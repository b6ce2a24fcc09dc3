"""What ``inside/apps.sh states`` prints, as values, purely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sessiontui.domain.environment import App, AppPhase, AppState
from sessiontui.engine.text import plain

LONGEST = 300
"""Characters of a reason or an answer that are kept: what an app prints may be anything."""

LONGEST_OUTPUT = 65536
"""Bytes of an app's output that are asked for, from its end."""

_PHASES = {str(phase): phase for phase in AppPhase}


def parse_states(output: bytes, apps: Sequence[App]) -> Mapping[str, AppState]:
    """The state of each app, by name. Lines that tell of none are skipped; who is not told of is stopped."""
    phases: dict[int, AppPhase] = {}
    texts: dict[tuple[int, str], str] = {}
    for line in output.decode(errors="replace").splitlines():
        number, _, rest = line.partition(" ")
        if not (number.isascii() and number.isdigit() and len(number) < 4):
            continue
        word, _, text = rest.partition(" ")
        if word in ("answer", "reason"):
            texts[int(number), word] = plain(text)[:LONGEST].removeprefix("sessiontui: ").strip()
        elif (phase := _PHASES.get(word)) is not None:
            phases[int(number)] = phase
    return {
        app.name: AppState(
            phases.get(index, AppPhase.STOPPED),
            # A person's own server is always started by other means.
            "" if app.own else texts.get((index, "reason"), ""),
            texts.get((index, "answer"), app.answer) if app.question else "",
        )
        for index, app in enumerate(apps)
    }


def plain_lines(output: bytes) -> str:
    """The output as lines that no terminal obeys; what an app overwrote shows its last state."""
    lines = [line.rstrip("\r") for line in output.decode(errors="replace").split("\n")]
    return "\n".join(plain(line[line.rfind("\r") + 1 :]) for line in lines).strip("\n")
