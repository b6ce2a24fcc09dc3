"""Tells a person, once each, which launches of theirs were cut off in the middle."""

from __future__ import annotations

from collections.abc import Sequence

from sessiontui.actions.ports import why_not_touch
from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Session
from sessiontui.ui.desk import Desk

CUT_OFF_AFTER = 2.0
"""Seconds after which a launch that has a container and does not start it counts as cut off."""


class CutOffLaunches:
    """Looks for them in pictures."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._told: set[str] = set()
        self._at_start = True

    def look(self, picture: Picture) -> tuple[Session | None, bool]:
        """Say what was found: the first one, if it is to be gone to, and whether to look again soon.

        To be gone to is what is found when the dashboard opens.
        """
        desk = self._desk
        owner, now = desk.ports.owner, desk.now()
        new = [
            one
            for one in picture.sessions
            if one.interrupted and one.id not in self._told and why_not_touch(one, owner) is None
        ]
        # Another dashboard may be at the youngest this moment: they are looked at again.
        # One made later than now is from before the clock was set back.
        found = [one for one in new if abs(now - one.created_at.timestamp()) > CUT_OFF_AFTER]
        again = len(found) < len(new)
        at_start = self._at_start
        self._at_start = at_start and (picture.engine is None or again)
        if not found:
            return None, again
        self._told |= {one.id for one in found}
        desk.say(self._text([one.name for one in found], in_view=at_start), warning=True)
        return (found[0] if at_start else None), again

    def _text(self, names: Sequence[str], *, in_view: bool) -> str:
        key = self._desk.keyboard.key
        one = len(names) == 1
        where = "" if in_view else f" ({key('show-sessions')} shows {'it' if one else 'them'})"
        return (
            f"cut off in the middle of {'its' if one else 'their'} launch: {', '.join(names)}{where}. "
            f"{key('stop-session')} finishes it, {key('delete-session')} deletes it"
        )
