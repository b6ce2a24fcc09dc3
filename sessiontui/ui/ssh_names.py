"""Sets up ``ssh st-NAME`` and keeps it current while the dashboard is open."""

from __future__ import annotations

from sessiontui.access.keys import alias
from sessiontui.actions import ssh_config
from sessiontui.actions.ssh_config import SSH
from sessiontui.domain.errors import SessiontuiError
from sessiontui.domain.picture import Picture
from sessiontui.domain.session import Phase, Session
from sessiontui.ui.background import in_background
from sessiontui.ui.desk import Desk


async def set_up(desk: Desk) -> None:
    """Explain it, ask, and do it; offer to end it where it is set up. Raises SessiontuiError."""
    from sessiontui.ui.screens.confirm import ConfirmScreen

    keys, config = desk.keys, desk.keys.config
    if config is None:
        desk.say("the sessions of a demo have no names for ssh", warning=True)
        return
    if await in_background(config.installed):
        names = await in_background(ssh_config.refresh, desk.ports, keys)
        question = ConfirmScreen(
            "ssh st-NAME is set up",
            f"{config.path} includes a block for each of your sessions, kept current: "
            f"{_listed(names)}.\n\nEnding it takes our line out of that file and changes nothing else.",
            "End it",
            stay="Keep it",
        )
        if await desk.ask(question):
            removed = await in_background(ssh_config.remove, keys)
            desk.say(f"{config.path} {'is as it was' if removed else 'had no line of ours: it stays'}")
        return
    question = ConfirmScreen(
        "Set up ssh st-NAME?",
        f"{config.path} gets one line at its top:\n\n{config.line}\n\n"
        "The file it names is kept by sessiontui: a block for each session of yours, with its key and its "
        "host key. ssh, scp, rsync, sftp and VS Code on this machine then know the names. Nothing else "
        "is changed, and this command takes the line away again.",
        "Set it up",
    )
    if await desk.ask(question):
        names = await in_background(ssh_config.install, desk.ports, keys)
        desk.say(f"set up: {_listed(names)}")


def _listed(names: tuple[str, ...]) -> str:
    if not names:
        return "none runs that takes SSH"
    shown = ", ".join(f"ssh {alias(name)}" for name in names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown


class SshNames:
    """Brings the blocks up to date when the sessions that have one are others than before."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._sessions: tuple[Session, ...] = ()
        self._reached: frozenset[tuple[str, bool, int | None]] | None = None
        self._busy = False
        self._told: set[str] = set()

    def look(self, picture: Picture) -> None:
        """See which sessions there are. Called for every picture: most have the same as the one before."""
        if picture.engine is None or picture.trouble or picture.sessions is self._sessions:
            return
        self._sessions = picture.sessions
        owner = self._desk.ports.owner
        reached = frozenset(
            (one.id, one.phase is Phase.RUNNING, one.host_port(app.port))
            for one in picture.sessions
            if one.owner.uid == owner.uid and (app := one.app(SSH)) is not None
        )
        if reached == self._reached or self._desk.keys.config is None:
            return
        self._reached = reached
        if not self._busy:
            self._busy = True
            self._desk.app.run_worker(self._keep_current(), group="ssh-names")

    async def _keep_current(self) -> None:
        done: frozenset[tuple[str, bool, int | None]] | None = None
        try:
            while done != self._reached:
                done = self._reached
                await in_background(ssh_config.refresh, self._desk.ports, self._desk.keys, self._sessions)
        except SessiontuiError as error:
            self._tell(error)
        finally:
            self._busy = False

    def _tell(self, error: SessiontuiError) -> None:
        """Say it once: the next change of sessions would fail for the same reason."""
        if error.message not in self._told:
            self._told.add(error.message)
            text = f"the names for ssh are not up to date: {error.message}"
            self._desk.say(" — ".join(filter(None, (text, error.hint))), warning=True)
