"""The archive of our files that goes into a session."""

from __future__ import annotations

import io
import tarfile

from sessiontui.engine.upload import session_archive


def test_the_archive_holds_the_scripts_and_a_secret_only_root_reads() -> None:
    with tarfile.open(fileobj=io.BytesIO(session_archive("s3cret"))) as archive:
        members = {member.name: member for member in archive}
        secret = archive.extractfile("opt/sessiontui/session/secret")
        assert secret is not None
        assert secret.read() == b"s3cret"
    assert members["opt/sessiontui/session/secret"].mode == 0o400
    scripts = {name.rpartition("/")[2] for name in members}
    assert {"start.sh", "ready.sh", "shell.sh", "app.sh", "losses.sh", "jupyter_server_config.py"} <= scripts
    assert all(member.uid == 0 and not member.mode & 0o022 for member in members.values())
