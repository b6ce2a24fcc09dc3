from __future__ import annotations

from sessiontui.engine.labels import ID_LABEL, SCHEMA_LABEL, Labels
from sessiontui.engine.payload import home_volume
from sessiontui.engine.stand_in import COUNT, STAND_IN_LABEL, _payload


def test_a_stand_in_is_no_session_whatever_its_image_says() -> None:
    payload = _payload("abc123", "an/image:1", COUNT, ("true",))
    # The engine adds the labels of the image, here one that was made of the session itself.
    labels = {SCHEMA_LABEL: "1", ID_LABEL: "abc123", **payload["Labels"]}
    assert not Labels(labels).ours
    assert labels[STAND_IN_LABEL] == "abc123"


def test_a_stand_in_has_the_home_read_only_and_nothing_else() -> None:
    host = _payload("abc123", "an/image:1", COUNT, ("true",))["HostConfig"]
    (mount,) = host["Mounts"]
    assert (mount["Source"], mount["ReadOnly"]) == (home_volume("abc123"), True)
    assert mount["VolumeOptions"] == {"NoCopy": True}
    assert host["NetworkMode"] == "none"
    assert not {"Memory", "NanoCpus", "PortBindings", "DeviceRequests", "Binds"} & host.keys()
