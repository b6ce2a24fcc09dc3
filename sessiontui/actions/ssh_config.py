"""Gives sessions names for ssh: ``st-NAME``, kept current while sessions come and go."""

from __future__ import annotations

from collections.abc import Iterable

from sessiontui.access.keys import KeyRing
from sessiontui.access.ssh_blocks import Host
from sessiontui.access.ssh_config import SshConfig
from sessiontui.actions.ports import Ports, ensure_may_touch
from sessiontui.domain.errors import AppFailed, EngineDenied, EngineError, EngineUnreachable, StorageError
from sessiontui.domain.session import Session, session_name_problem
from sessiontui.engine.payload import SESSION_DIRECTORY

SSH = "ssh"
"""The app that this is about."""


def install(ports: Ports, keys: KeyRing) -> tuple[str, ...]:
    """Have ``~/.ssh/config`` include the sessions' blocks; the names of those that have one.

    Raises StorageError, EngineError.
    """
    # An engine that does not answer is told before anything is touched.
    ports.engine.glance()
    with keys.alone():
        _config(keys).install()
    return refresh(ports, keys)


def remove(keys: KeyRing) -> bool:
    """Take the line and the blocks away; False when there was no line of ours. Raises StorageError."""
    with keys.alone():
        return _config(keys).remove()


def refresh(ports: Ports, keys: KeyRing, known: Iterable[Session] | None = None) -> tuple[str, ...]:
    """Make the blocks say which sessions there are, and forget the keys of those that are no more.

    Returns the names of the sessions that have a block; none where ``~/.ssh/config`` does not include
    them. ``known`` are the sessions as somebody saw them: where nothing is to be done by that, the
    engine is not asked. Raises StorageError, EngineError.
    """
    config = keys.config
    if config is None:
        return ()
    named = config.installed()
    if not named and not keys.ids() - {one.id for one in known or ()}:
        return ()
    # What is listed before would miss a session whose keys another sessiontui writes meanwhile.
    with keys.alone():
        sessions = ports.engine.glance()
        keys.prune([session.id for session in sessions])
        # Somebody may have taken the line away since.
        if not config.installed():
            return ()
        hosts: dict[str, Host] = {}
        for session in sessions:
            if (host := _host(ports, keys, session)) is not None:
                hosts.setdefault(session.name, host)
        config.write(hosts[name] for name in sorted(hosts))
        return tuple(sorted(hosts))


def ssh_host(ports: Ports, keys: KeyRing, session: Session, port: int | None = None) -> Host:
    """How this machine reaches the session by SSH; its keys are read anew.

    Raises AppFailed when it takes no SSH, NotYours, StorageError, EngineError.
    """
    ensure_may_touch(session, ports.owner)
    if port is None:
        port = _port(session)
    if port is None:
        raise AppFailed(f"{session.name} takes no SSH", "launch a session from an image that has sshd")
    private = ports.engine.read_file(session, f"{SESSION_DIRECTORY}/ssh/id_container")
    host_key = ports.engine.read_file(session, f"{SESSION_DIRECTORY}/ssh/host.pub")
    return Host(session.name, port, keys.keep(session.id, session.name, private, host_key, port))


def _host(ports: Ports, keys: KeyRing, session: Session) -> Host | None:
    """How it is reached; None for a colleague's session and for one that takes no SSH."""
    port = _port(session)
    # A label may hold any name: what is no session's name would be more than one to ssh.
    if session.owner.uid != ports.owner.uid or port is None or session_name_problem(session.name):
        return None
    if (files := keys.kept(session.id, session.name, port)) is not None:
        return Host(session.name, port, files)
    try:
        # Written at the start where the image has an sshd.
        ports.engine.read_file(session, f"{SESSION_DIRECTORY}/sshd_config")
        return ssh_host(ports, keys, session, port)
    except (EngineUnreachable, EngineDenied):
        raise
    except EngineError:
        return None


def _port(session: Session) -> int | None:
    app = session.app(SSH)
    return session.host_port(app.port) if app is not None and session.container_id is not None else None


def _config(keys: KeyRing) -> SshConfig:
    if keys.config is None:
        raise StorageError("the sessions of a demo have no names for ssh", "run sessiontui without --demo")
    return keys.config
