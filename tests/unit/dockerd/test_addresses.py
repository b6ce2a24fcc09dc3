"""What is said of addresses that cannot be meant."""

from __future__ import annotations

import pytest

from sessiontui.domain.errors import EngineUnreachable
from sessiontui.engine.link import Link


def test_a_port_that_is_none_is_said() -> None:
    link = Link({"DOCKER_HOST": "tcp://127.0.0.1:99999"})
    with pytest.raises(EngineUnreachable, match=r"no address of an engine.*DOCKER_HOST"):
        _ = link.reader
