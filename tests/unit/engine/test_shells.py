"""What is made of a look for shells."""

from __future__ import annotations

from sessiontui.engine.shells import parse_shells


def test_each_shell_is_named_once_and_the_users_own_comes_first() -> None:
    text = "/bin/zsh\n/usr/bin/bash\n/usr/bin/zsh\n/usr/bin/sh\n/bin/sh\n/bin/bash\n/usr/bin/fish\n"
    assert parse_shells(text) == ("/bin/zsh", "/usr/bin/bash", "/usr/bin/sh", "/usr/bin/fish")


def test_what_is_no_shell_to_work_in_or_no_path_is_left_out() -> None:
    text = "\nsh\n/usr/bin/tmux\n/usr/bin/screen\n/bin/\n/bin/evil\x1b[2J\n/bin/ash\n"
    assert parse_shells(text) == ("/bin/ash",)
