"""A browser is started only where it would open in front of the person."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessiontui.access.browser import can_open, open_in_front
from sessiontui.domain.errors import HostError

URL = "http://127.0.0.1:32771/lab?token=abc"


def program(directory: Path, name: str, body: str) -> Path:
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def environ(directory: Path, **more: str) -> dict[str, str]:
    return {"PATH": f"{directory}:/usr/bin:/bin", **more}


def test_nothing_opens_on_a_server_without_a_display(tmp_path: Path) -> None:
    program(tmp_path, "xdg-open", "exit 0")
    assert not can_open(environ(tmp_path))
    with pytest.raises(HostError, match="in front of you") as refusal:
        open_in_front(URL, environ(tmp_path))
    assert "copy the URL" in refusal.value.hint


@pytest.mark.parametrize("variable", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_a_display_of_this_machine_is_enough(tmp_path: Path, variable: str) -> None:
    program(tmp_path, "xdg-open", "exit 0")
    assert can_open(environ(tmp_path, **{variable: ":0"}))


def test_a_display_forwarded_over_ssh_is_not(tmp_path: Path) -> None:
    program(tmp_path, "xdg-open", "exit 0")
    assert not can_open(environ(tmp_path, DISPLAY="localhost:10.0", SSH_CONNECTION="a 1 b 22"))


def test_a_helper_in_browser_counts_over_ssh(tmp_path: Path) -> None:
    said = tmp_path / "said"
    helper = program(tmp_path, "browser.sh", f'printf %s "$*" > {said}')
    here = environ(tmp_path, BROWSER=str(helper), SSH_CONNECTION="a 1 b 22")
    assert can_open(here)
    open_in_front(URL, here)
    assert said.read_text() == URL


def test_a_placeholder_in_browser_is_where_the_url_goes(tmp_path: Path) -> None:
    said = tmp_path / "said"
    program(tmp_path, "my-browser", f'printf "%s|" "$@" > {said}')
    open_in_front(URL, environ(tmp_path, BROWSER="my-browser --new-tab=%s --quiet"))
    assert said.read_text() == f"--new-tab={URL}|--quiet|"


@pytest.mark.parametrize("name", ["w3m", "lynx", "www-browser"])
def test_a_text_browser_is_never_started_inside_our_screen(tmp_path: Path, name: str) -> None:
    program(tmp_path, name, "exit 0")
    assert not can_open(environ(tmp_path, BROWSER=name))


def test_a_text_browser_behind_a_link_is_recognised(tmp_path: Path) -> None:
    real = program(tmp_path, "w3m", "exit 0")
    (tmp_path / "sensible").symlink_to(real)
    assert not can_open(environ(tmp_path, BROWSER="sensible"))


def test_the_first_usable_entry_of_browser_wins(tmp_path: Path) -> None:
    said = tmp_path / "said"
    program(tmp_path, "lynx", "exit 0")
    program(tmp_path, "good", f'printf %s "$*" > {said}')
    open_in_front(URL, environ(tmp_path, BROWSER='missing:lynx:"unclosed:good'))
    assert said.read_text() == URL


def test_an_opener_that_fails_says_so(tmp_path: Path) -> None:
    program(tmp_path, "broken", "exit 3")
    with pytest.raises(HostError, match=r"broken could not open the URL \(exit code 3\)"):
        open_in_front(URL, environ(tmp_path, BROWSER="broken"))


def test_an_opener_that_cannot_run_says_so(tmp_path: Path) -> None:
    program(tmp_path, "odd", "").write_text("#!/no/such/interpreter\n")
    with pytest.raises(HostError, match="cannot run"):
        open_in_front(URL, environ(tmp_path, BROWSER="odd"))


def test_an_opener_writes_nothing_into_our_screen(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    program(tmp_path, "noisy", "echo out; echo err >&2")
    open_in_front(URL, environ(tmp_path, BROWSER="noisy"))
    assert capfd.readouterr() == ("", "")
