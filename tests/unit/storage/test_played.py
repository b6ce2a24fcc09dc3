"""A demo's sessions start without the folders they are said to mount."""

from __future__ import annotations

from pathlib import Path

from sessiontui import wiring
from sessiontui.actions import end
from sessiontui.config import Settings
from sessiontui.domain.session import Phase


def test_session_of_the_demo_is_stopped_and_started_again(tmp_path: Path) -> None:
    ports = wiring.ports(Settings(tmp_path / "folders"), {"HOME": str(tmp_path)}, demo=True)
    session = next(one for one in ports.engine.sessions() if one.mounts and one.owner == ports.owner)
    assert not Path(session.mounts[0].source).exists()
    assert end.start(ports, end.stop(ports, session)).phase is Phase.RUNNING
