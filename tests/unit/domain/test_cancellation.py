"""Stopping work from another thread."""

from __future__ import annotations

import threading

import pytest

from sessiontui.domain.cancellation import Cancellation
from sessiontui.domain.errors import Cancelled


def test_request_breaks_a_wait_and_ends_it_as_cancelled() -> None:
    cancellation, broken = Cancellation(), threading.Event()
    threading.Timer(0, cancellation.request).start()
    with pytest.raises(Cancelled), cancellation.breaking(broken.set):
        assert broken.wait(10)


def test_errors_of_work_that_was_broken_off_count_as_cancelled() -> None:
    cancellation = Cancellation()

    def work() -> None:
        with cancellation.breaking(lambda: None):
            cancellation.request()
            raise ConnectionError("closed under me")

    with pytest.raises(Cancelled):
        work()


def test_errors_without_a_request_stay_themselves() -> None:
    cancellation = Cancellation()
    with pytest.raises(ConnectionError), cancellation.breaking(lambda: None):
        raise ConnectionError
    cancellation.check()


def test_work_is_not_begun_after_a_request() -> None:
    cancellation = Cancellation()
    cancellation.request()
    with pytest.raises(Cancelled), cancellation.breaking(lambda: None):
        pytest.fail("the work was begun")
