"""The line that carries a port to a laptop names user, host and port as the laptop knows them."""

from __future__ import annotations

import getpass

import pytest

from sessiontui.access.forwarding import destination, forward_command, local_forward, over_ssh

SSH = {"USER": "alice", "SSH_CONNECTION": "198.51.100.4 50123 192.0.2.10 22"}


def test_the_connection_tells_the_address_this_machine_was_reached_at() -> None:
    assert forward_command(32771, SSH) == "ssh -N -L 32771:127.0.0.1:32771 alice@192.0.2.10"


def test_another_port_of_sshd_is_named() -> None:
    environ = {**SSH, "SSH_CONNECTION": "198.51.100.4 50123 192.0.2.10 2222"}
    assert forward_command(80, environ) == "ssh -N -L 80:127.0.0.1:80 -p 2222 alice@192.0.2.10"


def test_an_ipv6_address_is_taken_as_it_is() -> None:
    environ = {**SSH, "SSH_CONNECTION": "2001:db8::4 50123 2001:db8::10 22"}
    assert forward_command(80, environ) == "ssh -N -L 80:127.0.0.1:80 alice@2001:db8::10"


def test_the_setting_wins_over_the_connection() -> None:
    environ = {**SSH, "SSH_CONNECTION": "198.51.100.4 50123 192.0.2.10 2222"}
    assert forward_command(80, environ, "al@gpu.lab") == "ssh -N -L 80:127.0.0.1:80 al@gpu.lab"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"USER": "alice"}, "alice@localhost"),
        ({"LOGNAME": "bob"}, "bob@localhost"),
        ({}, f"{getpass.getuser()}@localhost"),
        ({"USER": "alice", "SSH_CONNECTION": "cut short"}, "alice@localhost"),
    ],
)
def test_without_a_connection_the_place_is_local(environ: dict[str, str], expected: str) -> None:
    assert destination(environ).words == expected


@pytest.mark.parametrize("name", ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"])
def test_any_trace_of_ssh_counts(name: str) -> None:
    assert over_ssh({name: "x"})
    assert not over_ssh({name: ""})
    assert not over_ssh({})


def test_the_lasting_setting_is_a_line_of_ssh_config() -> None:
    assert local_forward(32771) == "LocalForward 32771 127.0.0.1:32771"
