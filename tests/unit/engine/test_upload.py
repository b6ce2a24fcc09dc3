"""The archive of our files that goes into a session."""

from __future__ import annotations

import io
import subprocess
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
    assert {
        "start.sh",
        "ending.sh",
        "ready.sh",
        "shell.sh",
        "app.sh",
        "losses.sh",
        "jupyter_server_config.py",
    } <= scripts
    assert all(member.uid == 0 and not member.mode & 0o022 for member in members.values())


def test_secret_variables_are_a_file_that_only_root_reads_and_a_shell_reads_back() -> None:
    variables = (("A", 'it\'s "quoted" $HOME `id`\nsecond'), ("B", "caf\udce9"))
    with tarfile.open(fileobj=io.BytesIO(session_archive("s3cret", variables))) as archive:
        member = archive.getmember("opt/sessiontui/session/variables")
        content = archive.extractfile(member)
        assert content is not None
        lines = content.read()
    assert (member.mode, member.uid) == (0o400, 0)
    said = subprocess.run(
        ["/bin/sh", "-c", lines + b'printf "%s|%s" "$A" "$B"'], stdout=subprocess.PIPE, check=True
    )
    assert said.stdout == b'it\'s "quoted" $HOME `id`\nsecond|caf\xe9'


def test_without_secret_variables_there_is_no_such_file() -> None:
    with tarfile.open(fileobj=io.BytesIO(session_archive("s3cret"))) as archive:
        assert "opt/sessiontui/session/variables" not in archive.getnames()
