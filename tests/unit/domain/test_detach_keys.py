"""The chord that leaves a shell running."""

from __future__ import annotations

import pytest

from sessiontui.domain.detach_keys import DETACH_KEYS, checked_chord, readable_chord


@pytest.mark.parametrize(
    "keys", [DETACH_KEYS, "ctrl-p,ctrl-q", "ctrl-]", "ctrl-\\,Q,7", "ctrl-@,a", "ctrl-_,d"]
)
def test_what_docker_takes_is_taken(keys: str) -> None:
    assert checked_chord(keys) == keys


def test_blanks_between_keys_are_forgiven() -> None:
    assert checked_chord(" ctrl-a , d") == "ctrl-a,d"


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ("", "'' is no key"),
        ("ctrl-a,,d", "'' is no key"),
        ("Ctrl-A", "'Ctrl-A' is no key"),
        ("ctrl+a", "'ctrl+a' is no key"),
        ("ctrl-ab", "'ctrl-ab' is no key"),
        ("ctrl-1", "'ctrl-1' is no key"),
        ("ctrl-a,ü", "'ü' is no key"),
        ("ctrl-a,\x1b", "is no key"),
        ("q", "begin with ctrl-x"),
        ("~,ctrl-a", "'~' is no key"),
        ("ctrl-c,q", "ctrl-c interrupts programs"),
        ("ctrl-[,q", "ctrl-[ is Escape"),
        ("ctrl-m", "ctrl-m is Enter"),
    ],
)
def test_what_it_would_refuse_or_a_shell_needs_is_refused_with_the_reason(keys: str, reason: str) -> None:
    with pytest.raises(ValueError, match="as in") as caught:
        checked_chord(keys)
    assert reason in str(caught.value)


def test_a_person_reads_it_without_commas() -> None:
    assert readable_chord("ctrl-p,ctrl-q") == "ctrl-p ctrl-q"
