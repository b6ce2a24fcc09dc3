"""Open ports are read from the kernel's own table."""

from __future__ import annotations

from sessiontui.actions.listening import parse_listening

TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:22B8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 51 1
   1: 0100007F:A2F0 0100007F:22B8 01 00000000:00000000 00:00000000 00000000  1000        0 52 1
   2: 00000000:0898 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 53 1
  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:1770 00000000000000000000000000000000:0000 0A 00000000:00000000
"""


def test_listening_ports_of_both_tables_are_found() -> None:
    assert parse_listening(TABLE) == {8888, 2200, 6000}


def test_anything_else_is_skipped() -> None:
    assert parse_listening("") == frozenset()
    assert parse_listening("0: nonsense:ZZZZ x 0A\n\x1b[31m\n0A 0A 0A 0A\n") == {10}
