"""Ports that a person will serve themselves in a session: how they are typed, and what they become."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from sessiontui.domain.environment import App
from sessiontui.domain.errors import Problem

FIRST, LAST = 1024, 65535
"""What a session's user can serve: ports below are root's."""

MOST = 32
"""Ports of one session."""

CARRIER = "jupyterlab"
"""The app that carries them where an environment has it, at ``/proxy/PORT/`` of its server."""

YOURS = "Your ports"
"""Heading of what the session's user starts."""

_WORD = re.compile(r"([0-9]{1,5})(?::([0-9]{1,5}))?\Z", re.ASCII)


def parse_ports(text: str) -> tuple[tuple[int, ...], tuple[Problem, ...]]:
    """The ports of a line such as ``5000, 8000:8010``, and a problem for each word that is none.

    What is wrong with ports that could be read is told by :func:`own_ports_problems`.
    """
    ports: list[int] = []
    problems: list[Problem] = []
    for word in text.replace(",", " ").split():
        match = _WORD.match(word)
        if match is None:
            problems.append(Problem("ports", f"{word!r} is not a port: write 5000, or 8000:8010 for a range"))
            continue
        first, last = int(match[1]), int(match[2] or match[1])
        if not (FIRST <= first <= LAST and FIRST <= last <= LAST):
            problems.append(Problem("ports", f"{word}: ports go from {FIRST} to {LAST}"))
        elif last < first:
            problems.append(Problem("ports", f"{word}: a range goes upwards, as in {last}:{first}"))
        elif last - first >= MOST:
            problems.append(
                Problem("ports", f"{word} is {last - first + 1} ports: at most {MOST} can be opened")
            )
        else:
            ports += range(first, last + 1)
    return tuple(ports), tuple(problems)


def own_ports_problems(ports: Sequence[int], apps: Sequence[App]) -> list[str]:
    """What is wrong with a session of these apps having these ports besides, a sentence each.

    A port of an app that the image may not even have, and that nobody has to start, is free to serve.
    """
    found = []
    users = {app.port: app.label for app in reversed(apps) if app.published}
    for port, times in Counter(ports).items():
        if not FIRST <= port <= LAST:
            found.append(f"{port}: ports go from {FIRST} to {LAST}")
        elif times > 1:
            found.append(f"{port} is named {'twice' if times == 2 else f'{times} times'}")
        if port in users:
            found.append(f"{port} is used by {users[port]}")
    if len(set(ports)) > MOST:
        found.append(f"{len(set(ports))} ports: at most {MOST} can be opened")
    return found


def own_apps(ports: Sequence[int], apps: Sequence[App]) -> tuple[App, ...]:
    """What is listed for these ports in a session that has those apps: one a port, in their order."""
    via = CARRIER if any(app.name == CARRIER for app in apps) else ""
    return tuple(
        App(
            name=f"port-{port}",
            label=f"Port {port}",
            protocol="http",
            port=port,
            path=f"/proxy/{port}/" if via else "/",
            via=via,
            icon="◇",
            group=YOURS,
            own=True,
        )
        for port in sorted(ports)
    )
