"""A trained student in a few lines, and its training log as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from xkd_bench.distillers.distill import read_log
from xkd_bench.terminal.tables import Shown, plain_table

NO_TERMS = ("update", "stage")
MOST_ROWS = 10


def student_lines(method: str, folder: Path) -> list[str]:
    """How training ended, where the student lies, and what to do with it."""
    last = read_log(folder)[-1]
    terms = ", ".join(f"{name} {value:.4f}" for name, value in last.items() if name not in NO_TERMS)
    return [
        f"{method}: {last['update']} updates, at the end {terms}",
        f"student: {folder}",
        f"next: xkd-bench evaluate {folder}",
    ]


def student_view(method: str, folder: Path) -> list[Shown]:
    """The same, with at most ten rows of the log, evenly spread, first and last among them."""
    first, *others = student_lines(method, folder)
    return [Text(first, style="bold"), _log_table(read_log(folder)), *(Text(line, style="dim") for line in others)]


def _log_table(log: Sequence[Mapping[str, float]]) -> Table:
    names = list(dict.fromkeys(name for line in log for name in line))
    table = plain_table(*names, right=tuple(names))
    count = min(MOST_ROWS, len(log))
    for place in range(count):
        line = log[place * (len(log) - 1) // max(1, count - 1)]
        table.add_row(*(_cell(name, line.get(name)) for name in names))
    return table


def _cell(name: str, value: float | None) -> Text:
    if value is None:
        return Text("–", style="dim")
    return Text(f"{value}" if name in NO_TERMS else f"{value:.4f}")
