"""Ports a person will serve themselves: what is typed, what is wrong with it, and what is listed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.domain.environment import App
from sessiontui.domain.own_ports import MOST, own_apps, own_ports_problems, parse_ports

LAB = App("jupyterlab", "JupyterLab", "http", 8888, secret=True)
TREE = App("notebook", "Jupyter Notebook", "http", 8888, secret=True, runs="jupyterlab")
SSH = App("ssh", "SSH", "tcp", 2200, secret=True)


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("", ()),
        (" , ,", ()),
        ("5000", (5000,)),
        ("5000, 8000:8003", (5000, 8000, 8001, 8002, 8003)),
        ("5000 8000:8000\n1024,65535", (5000, 8000, 1024, 65535)),
        ("05000", (5000,)),
    ],
)
def test_commas_spaces_and_ranges_are_read(text: str, ports: tuple[int, ...]) -> None:
    assert parse_ports(text) == (ports, ())


@pytest.mark.parametrize(
    ("text", "word", "words"),
    [
        ("5000 http", "'http'", "is not a port"),
        ("5000-5010", "'5000-5010'", "8000:8010 for a range"),
        ("5000:", "'5000:'", "is not a port"),
        ("-5000", "'-5000'", "is not a port"),
        ("٥٠٠٠", "'٥٠٠٠'", "is not a port"),
        ("5000 80", "80:", "from 1024 to 65535"),
        ("65536", "65536:", "from 1024 to 65535"),
        ("123456", "'123456'", "is not a port"),
        ("1000:1030", "1000:1030:", "from 1024 to 65535"),
        ("8010:8000", "8010:8000:", "as in 8000:8010"),
        ("1024:65535", "1024:65535 ", "64512 ports: at most 32"),
    ],
)
def test_the_word_that_is_wrong_is_named(text: str, word: str, words: str) -> None:
    _, (problem,) = parse_ports(text)
    assert problem.field == "ports"
    assert problem.message.startswith(word)
    assert words in problem.message


def test_every_wrong_word_is_named_and_the_others_are_read() -> None:
    ports, problems = parse_ports("80, 5000, x, 9:1")
    assert ports == (5000,)
    assert len(problems) == 3


@given(st.text(max_size=40))
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    ports, problems = parse_ports(text)
    words = [word for word in text.replace(",", " ").split() if word]
    assert len(problems) <= len(words)
    assert all(1024 <= port <= 65535 for port in ports)


@pytest.mark.parametrize(
    ("ports", "wrong"),
    [
        ((), []),
        ((5000, 8000), []),
        ((5000, 5000), ["5000 is named twice"]),
        ((5000,) * 3, ["5000 is named 3 times"]),
        ((80, 70000), ["80: ports go from 1024 to 65535", "70000: ports go from 1024 to 65535"]),
        ((2200,), ["2200 is used by SSH"]),
        ((8888, 8888), ["8888 is named twice", "8888 is used by JupyterLab"]),
        (tuple(range(5000, 5000 + MOST)), []),
        (tuple(range(5000, 5001 + MOST)), ["33 ports: at most 32 can be opened"]),
    ],
)
def test_all_that_is_wrong_with_ports_is_said(ports: tuple[int, ...], wrong: list[str]) -> None:
    assert own_ports_problems(ports, (LAB, TREE, SSH)) == wrong


def test_they_are_listed_as_apps_the_person_runs() -> None:
    one, other = own_apps((8000, 5000), (SSH, LAB))
    assert (one.name, one.label, one.port, one.path) == ("port-5000", "Port 5000", 5000, "/proxy/5000/")
    assert (one.via, one.own, one.published, one.group) == ("jupyterlab", True, False, "Your ports")
    assert other.port == 8000


def test_without_a_server_that_carries_them_they_are_reached_directly() -> None:
    (app,) = own_apps((5000,), (SSH,))
    assert (app.via, app.path, app.published) == ("", "/", False)
