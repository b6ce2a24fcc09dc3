"""What the session says of the files that die with it."""

from __future__ import annotations

from datetime import UTC, datetime

from sessiontui.domain.rescue import Census, Tally
from sessiontui.domain.session import Losses, LostFile
from sessiontui.engine.losses import parse_census, parse_losses

THEN = datetime(2026, 1, 1, tzinfo=UTC)


def test_total_and_files_newest_first() -> None:
    output = (
        b"total\t1500\t7\tcomplete\n"
        + b"file\t1000\t%d\tnotes/a b.ipynb\n" % THEN.timestamp()
        + b"file\t20\t%d\tnew\\012line\\134\n" % THEN.timestamp()
    )
    assert parse_losses(output) == Losses(
        1500, 7, (LostFile("notes/a b.ipynb", 1000, THEN), LostFile("new\nline\\", 20, THEN)), True
    )


def test_a_count_cut_short_is_a_lower_bound() -> None:
    assert parse_losses(b"total\t9\t1\tpartial\n") == Losses(9, 1, (), False)


def test_what_is_garbled_is_left_out() -> None:
    assert parse_losses(b"file\tx\ty\tz\ntotal\t\xff\n\0\nfile\t1\n") == Losses(complete=False)


def test_names_that_are_not_utf8_are_shown_all_the_same() -> None:
    losses = parse_losses(b"total\t1\t1\tcomplete\nfile\t1\t0\t\\377x\n")
    assert losses.newest[0].path == "\ufffdx"


def test_a_census_is_read_with_what_no_copy_holds() -> None:
    output = b"tally\t4\t3145741\t2\t1\nother\tp?q\nother\t\xffsock\n"
    assert parse_census(output) == Census(Tally(4, 3145741, 2, 1), ("p?q", "\ufffdsock"))


def test_a_census_that_is_not_whole_is_none() -> None:
    assert parse_census(b"tally\t4\t\t2\t1\n") is None
    assert parse_census(b"other\tpipe\n") is None
