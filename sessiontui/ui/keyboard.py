"""Which key asks for which command: the built-in ones, or those of the person's settings."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from textual.binding import Binding
from textual.keys import _character_to_key, format_key

from sessiontui.domain.errors import ConfigError
from sessiontui.ui.commands import COMMANDS, command
from sessiontui.ui.widgets.session_list import SessionList

_FIXED = {
    key
    for one in SessionList.BINDINGS
    if isinstance(one, Binding)
    for key in (*one.key.split(","), "escape", "ctrl+q")
}
"""Keys that are no command's: they move the cursor, leave and quit whatever is set."""


def readable(key: str) -> str:
    """A key as a person reads it: ``/`` for ``slash``, ``^p`` for ``ctrl+p``."""
    *held, last = key.split("+")
    last = last if last == "enter" else format_key(last)
    return "".join("^" if one == "ctrl" else f"{one}+" for one in held) + last


class Keyboard:
    """The keys of every command. ``keymap`` holds, by the command's name, those that a person set.

    Raises ConfigError naming every entry that cannot be meant.
    """

    def __init__(self, keymap: Mapping[str, str]) -> None:
        problems = list(_unknown(keymap))
        own = {one.name: keymap[one.name] for one in COMMANDS if one.name in keymap}
        self._keys = {one.name: _split(own.get(one.name, one.keys)) for one in COMMANDS}
        self.keymap = {name: ",".join(self._keys[name]) for name in own}
        """What a person set, in Textual's names."""
        problems += self._clashes()
        if problems:
            raise ConfigError("\n".join(problems), "mend it under [keys] in the settings file")

    def keys(self, command: str) -> tuple[str, ...]:
        """All keys of the command of that name, as a person reads them."""
        return tuple(readable(key) for key in self._keys[command])

    def key(self, command: str) -> str:
        """The first of them."""
        return self.keys(command)[0]

    def _clashes(self) -> Iterator[str]:
        settled = [name for name in self._keys if name not in self.keymap]
        for name in self.keymap:
            if not self._keys[name]:
                yield f"keys.{name}: no key is named"
            for key in self._keys[name]:
                if key in _FIXED:
                    yield f"keys.{name}: {readable(key)} cannot be given away"
                for holder in settled:
                    if key in self._keys[holder] and _meet(name, holder):
                        yield f"keys.{name}: {readable(key)} is the key of {holder}"
            settled.append(name)


def _meet(one: str, other: str) -> bool:
    """Whether there is a tab in which the keys of both commands hold."""
    tabs = {command(one).tab, command(other).tab}
    return len(tabs) == 1 or "" in tabs


def _split(keys: str) -> tuple[str, ...]:
    """Textual's names of keys written with commas between them; a sign stands for its key."""
    found = ("comma",) if keys.strip() == "," else tuple(filter(None, map(str.strip, keys.split(","))))
    return tuple(_character_to_key(key) if len(key) == 1 else key for key in found)


def _unknown(keymap: Mapping[str, str]) -> Iterator[str]:
    known = [one.name for one in COMMANDS]
    for name in keymap:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            meant = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            yield f"keys.{name}: there is no such command; {meant}"
