"""The framework's floor: what Textual costs with a table of ROWS rows that all change each second.

A program of its own, with no source of data: ``ROWS=200 python -m tests.bench.floor``.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.widgets import DataTable, Footer, Header
from textual.widgets.data_table import ColumnKey, RowKey

_COLUMNS = ("NAME", "PHASE", "CPU", "MEM", "NET", "DISK")


class Floor(App[None]):
    """A table of names and made-up figures, two of which change in every row."""

    BINDINGS = [Binding("q", "quit", "Quit")]

    def __init__(self, rows: int) -> None:
        super().__init__()
        self._rows = rows
        self._keys: list[RowKey] = []
        self._changing: list[ColumnKey] = []

    def compose(self) -> ComposeResult:
        """Head, table, foot."""
        yield Header()
        yield DataTable[str](cursor_type="row")
        yield Footer()

    def on_mount(self) -> None:
        """Fill the table and change it from now on."""
        table = self._table
        self._changing = table.add_columns(*_COLUMNS)[2:4]
        self._keys = [table.add_row(f"bench-{number:03d}", *self._cells()) for number in range(self._rows)]
        table.focus()
        self.set_interval(1.0, self._change)

    @property
    def _table(self) -> DataTable[str]:
        return self.query_one(DataTable)

    def _cells(self) -> Iterator[str]:
        yield from ("running", "0.0 %", "1.0M/64M", "1K/1K", "0B/0B")

    def _change(self) -> None:
        table, (cpu, memory) = self._table, self._changing
        for key in self._keys:
            table.update_cell(key, cpu, f"{random.random() * 10:.1f} %")
            table.update_cell(key, memory, f"{random.random() * 10:.1f}M/64M")


if __name__ == "__main__":
    Floor(int(os.environ.get("ROWS", "200"))).run()
