"""Arguments that the standard parser would not divide by itself."""

from __future__ import annotations

import pytest

from sessiontui.cli.parser import parser


@pytest.mark.parametrize(
    ("line", "shell", "window", "words"),
    [
        ("nifty-bohr", "", False, []),
        ("nifty-bohr -- ls -l --window", "", False, ["ls", "-l", "--window"]),
        ("nifty-bohr ls -l", "", False, ["ls", "-l"]),
        ("nifty-bohr --shell zsh --window", "zsh", True, []),
        ("--shell zsh nifty-bohr", "zsh", False, []),
        ("nifty-bohr --shell=zsh -- htop --tree", "zsh", False, ["htop", "--tree"]),
        ("nifty-bohr --window -- -- x", "", True, ["--", "x"]),
    ],
)
def test_options_of_a_shell_stand_before_or_after_its_session(
    line: str, shell: str, window: bool, words: list[str]
) -> None:
    arguments = parser().parse_args(["shell", *line.split()])
    assert (arguments.name, arguments.shell, arguments.window, arguments.words) == (
        "nifty-bohr",
        shell,
        window,
        words,
    )


@pytest.mark.parametrize("line", ["nifty-bohr --shel", "nifty-bohr --shell"])
def test_an_option_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(SystemExit) as caught:
        parser().parse_args(["shell", *line.split()])
    assert caught.value.code == 2
