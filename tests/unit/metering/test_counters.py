"""What the kernel's counter files say: texts as real machines wrote them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontui.metering import counters

# A container under load on a Debian 13 machine with systemd (cgroup version 2, kernel 6.12).
CPU_STAT = b"""\
usage_usec 4104440
user_usec 3568877
system_usec 535562
nice_usec 0
nr_periods 76
nr_throttled 71
throttled_usec 3501532
nr_bursts 0
burst_usec 0
"""
MEMORY_EVENTS = b"low 0\nhigh 0\nmax 12\noom 4\noom_kill 3\noom_group_kill 0\n"
IO_STAT = b"254:0 rbytes=4096 wbytes=8388608 rios=1 wios=12 dbytes=0 dios=0\n"
NET_DEV = b"""\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:      77       1    0    0    0     0          0         0       77       1    0    0    0     0       0          0
  eth0:    2334      27    0    0    0     0          0         0      420       5    0    0    0     0       0          0
"""  # noqa: E501

# One on a Debian 12 machine (cgroup version 1).
CPU_STAT_1 = b"nr_periods 102\nnr_throttled 5\nthrottled_time 582484280\nnr_bursts 0\nburst_time 0\n"
OOM_CONTROL = b"oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"
DISK_1 = b"""\
254:0 Read 4096
254:0 Write 8388608
254:0 Sync 8392704
254:0 Async 0
254:0 Discard 0
254:0 Total 8392704
8:16 Read 100
8:16 Write 0
8:16 Total 100
Total 8392804
"""


def test_processor_time_and_periods() -> None:
    assert counters.processor(CPU_STAT) == (4104440, 76, 71)
    assert counters.processor(CPU_STAT_1) == (None, 102, 5)
    assert counters.processor(None) == counters.processor(b"") == (None, None, None)
    assert counters.figure(CPU_STAT, b"usec") is None, "a part of a name is not the name"


def test_processes_that_the_kernel_ended() -> None:
    assert counters.figure(MEMORY_EVENTS, b"oom_kill") == 3
    assert counters.figure(OOM_CONTROL, b"oom_kill") == 2


def test_disk() -> None:
    assert counters.disk_of_version_2(IO_STAT) == (4096, 8388608)
    assert counters.disk_of_version_1(DISK_1) == (4196, 8388608)


def test_disk_that_was_not_touched_is_none_of_it_and_not_unknown() -> None:
    assert counters.disk_of_version_2(b"") == (0, 0)
    assert counters.disk_of_version_1(b"Total 0\n") == (0, 0)
    assert counters.disk_of_version_1(None) == counters.disk_of_version_2(None) == (None, None)


def test_device_without_figures_does_not_hide_the_next() -> None:
    assert counters.disk_of_version_2(b"8:16 254:0 rbytes=1 wbytes=2 rios=1 wios=1\n") == (1, 2)


def test_network_is_all_interfaces_but_the_loopback() -> None:
    assert counters.network(NET_DEV) == (2334, 420)
    assert counters.network(NET_DEV + NET_DEV.split(b"\n")[3].replace(b"eth0", b"eth1") + b"\n") == (
        4668,
        840,
    )
    assert counters.network(b"") == counters.network(None) == (None, None)


@pytest.mark.parametrize(
    ("text", "limit"),
    [(b"268435456\n", 268435456), (b"max\n", None), (b"9223372036854771712\n", None), (b"", None)],
)
def test_memory_limit_that_is_none_is_none(text: bytes, limit: int | None) -> None:
    assert counters.limit(text) == limit


def test_cores_of_a_limit() -> None:
    assert counters.cores_of_max(b"50000 100000\n") == 0.5
    assert counters.cores_of_max(b"max 100000\n") is None
    assert counters.cores_of_quota(b"150000\n", b"100000\n") == 1.5
    assert counters.cores_of_quota(b"-1\n", b"100000\n") is None
    assert counters.cores_of_quota(None, b"100000\n") is None
    assert counters.cores_of_quota(b"1\n", b"0\n") is None


@given(st.none() | st.binary() | st.from_regex(rb"\A([a-z:= ]{0,4}[0-9]{0,30}\n?){0,9}\Z"))
def test_no_bytes_break_it(text: bytes | None) -> None:
    for pair in (counters.disk_of_version_1(text), counters.disk_of_version_2(text), counters.network(text)):
        assert all(figure is None or figure >= 0 for figure in pair)
    for value in (counters.number(text), counters.figure(text, b"name"), counters.limit(text)):
        assert value is None or value >= 0
    cores = counters.cores_of_max(text)
    assert cores is None or cores > 0


@given(st.integers(0, 2**64), st.integers(0, 2**64))
def test_figures_come_back_as_they_were_written(first: int, second: int) -> None:
    text = b"inactive_file %d\ntotal_inactive_file %d\n" % (first, second)
    assert counters.figure(text, b"inactive_file") == first
    assert counters.figure(text, b"total_inactive_file") == second
    assert counters.number(b"%d\n" % first) == first
