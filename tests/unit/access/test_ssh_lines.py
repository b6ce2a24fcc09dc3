"""Lines and blocks that bring ssh to a session, here and on a laptop."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from sessiontui.access.forwarding import Destination, destination
from sessiontui.access.keys import KeyFiles
from sessiontui.access.ssh_blocks import Host, fetch_command, here, on_a_laptop
from sessiontui.access.ssh_lines import ssh_lines

KEYS = Path("/home/al ice/keys/id1")
HOST = Host("nifty", 22001, KeyFiles(KEYS / "st-nifty", KEYS / "st-nifty.known_hosts", "sessiontui-id1"))
BOX = Destination("gpu.lab", "alice", "2222")


@pytest.mark.parametrize(
    ("setting", "words", "jump", "file"),
    [
        ("gpu-box", "gpu-box", "gpu-box", ("", "gpu-box:/k")),
        ("al@gpu.lab", "al@gpu.lab", "al@gpu.lab", ("", "al@gpu.lab:/k")),
        ("al@gpu.lab:2222", "-p 2222 al@gpu.lab", "al@gpu.lab:2222", ("-P 2222", "al@gpu.lab:/k")),
        ("ssh://al@gpu.lab:2222/", "-p 2222 al@gpu.lab", "al@gpu.lab:2222", ("-P 2222", "al@gpu.lab:/k")),
        ("al@[::1]:22", "-p 22 al@::1", "al@[::1]:22", ("-P 22", "al@[::1]:/k")),
        ("al@fe80::1", "al@fe80::1", "al@[fe80::1]", ("", "al@[fe80::1]:/k")),
        ("al@corp@gpu.lab", "al@corp@gpu.lab", "al@corp@gpu.lab", ("", "al@corp@gpu.lab:/k")),
    ],
)
def test_the_place_is_written_as_each_program_takes_it(
    setting: str, words: str, jump: str, file: tuple[str, str]
) -> None:
    found = destination({}, setting)
    assert (found.words, found.jump, found.file("/k")) == (words, jump, file)


def test_under_sudo_the_laptop_logs_in_as_the_caller() -> None:
    assert destination({"USER": "root", "SUDO_USER": "alice"}).user == "alice"


def test_the_block_here_names_every_file_in_quotes_where_it_needs_them() -> None:
    text = here([HOST])
    assert f'    IdentityFile "{KEYS}/st-nifty"\n' in text
    assert f'    UserKnownHostsFile "{KEYS}/st-nifty.known_hosts"\n' in text
    for line in ("Host st-nifty", "    Port 22001", "    StrictHostKeyChecking yes", "    ProxyJump none"):
        assert f"{line}\n" in text


def test_the_block_of_a_laptop_jumps_over_this_machine_and_ends_its_own_reach() -> None:
    text = on_a_laptop(HOST, BOX)
    for line in (
        "ProxyJump alice@gpu.lab:2222",
        "IdentityFile ~/.ssh/st-nifty",
        "HostKeyAlias sessiontui-id1",
    ):
        assert f"    {line}\n" in text
    assert text.endswith("\nMatch all\n")


def test_one_line_fetches_both_files() -> None:
    words = shlex.split(fetch_command(HOST, BOX))
    assert words == ["scp", "-P", "2222", "alice@gpu.lab:/home/al\\ ice/keys/id1/*", "~/.ssh/"]


def test_short_lines_are_there_once_ssh_knows_the_name() -> None:
    named, unnamed = (dict(ssh_lines(HOST, BOX, named=known)) for known in (True, False))
    assert named["Log in"] == "ssh st-nifty"
    assert "Log in" not in unnamed
    assert set(unnamed) < set(named)
    assert any(line.startswith("vscode://vscode-remote/ssh-remote+st-nifty/") for line in unnamed.values())


def test_who_sits_at_a_laptop_reads_its_lines_first() -> None:
    here, afar = (ssh_lines(HOST, BOX, named=True, afar=afar) for afar in (False, True))
    assert (here[0][0], afar[0][0]) == ("Log in", "On your laptop, once: fetch its keys")
    assert sorted(here) == sorted(afar)


def test_rsync_is_given_the_whole_of_ssh_as_one_word() -> None:
    line = next(line for line in dict(ssh_lines(HOST, BOX, named=False)).values() if line.startswith("rsync"))
    words = shlex.split(line)
    assert words[:3] == ["rsync", "-aP", "-e"]
    assert shlex.split(words[3])[:3] == ["ssh", "-i", f"{KEYS}/st-nifty"]
    assert words[4:] == ["DIRECTORY/", "work@127.0.0.1:DIRECTORY/"]
