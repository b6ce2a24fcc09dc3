"""Which directories a session on Docker has for its folders."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sessiontui.domain.errors import EngineError, EngineUnreachable
from sessiontui.domain.folder import Identity
from sessiontui.domain.session import Session
from sessiontui.engine.containers import Containers

LOOK = """
for place; do
    way=$place link=
    while [ -n "$way" ]; do
        [ ! -L "$way" ] || link=1
        way=${way%/*}
    done
    if [ -n "$link" ] || [ ! -d "$place" ]; then
        echo '- -'
    else
        stat -c '%d %i' "$place" 2>/dev/null ||
            ls -di "$place" 2>/dev/null | { read -r inode rest && echo "- $inode"; } ||
            echo '- -'
    fi
done
"""
"""Prints `DEVICE INODE` for each place, `-` for what is not known."""

_LINE = re.compile(r"^(-|[0-9]{1,20}) ([0-9]{1,20})\Z")


class DockerMounts:
    """The part of :class:`sessiontui.engine.port.Engine` that sees what was mounted."""

    _containers: Containers

    def mounted(self, session: Session) -> Mapping[str, Identity]:
        """See the port."""
        targets = [mount.target for mount in session.mounts]
        if not targets or session.container_id is None:
            return {}
        command = ["/bin/sh", "-c", LOOK, "look", *targets]
        try:
            outcome = self._containers.execute(session.name, session.container_id, command)
        except EngineUnreachable:
            raise
        except EngineError:
            self._containers.await_end(session.name, session.container_id)
            raise
        if outcome.exit_code != 0:
            # Nothing in the script fails, so it was ended. With its session, most likely: where the command
            # of a batch session takes a moment only.
            self._containers.await_end(session.name, session.container_id)
            raise EngineError(
                f"{session.name}: the look at its folders was cut off", "the session may have ended"
            )
        return parse_identities(targets, outcome.output)


def parse_identities(targets: list[str], output: bytes) -> dict[str, Identity]:
    """What the script printed; nothing at all where that is not a line for each."""
    lines = output.decode(errors="replace").splitlines()
    if len(lines) != len(targets):
        return {}
    found = {}
    for target, line in zip(targets, lines, strict=True):
        if (read := _LINE.match(line)) is not None:
            found[target] = Identity(None if read[1] == "-" else int(read[1]), int(read[2]))
    return found
