"""What is shown is a list of lines and tables, so that a terminal and a notebook show the same."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

Shown = Text | Table


def plain_table(*columns: str, wrapped: str | None = None, right: tuple[str, ...] = (), gap: int = 2) -> Table:
    """A table without lines: bold headers, only the column named `wrapped` may break its text."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, gap))
    for column in columns:
        table.add_column(column, no_wrap=column != wrapped, justify="right" if column in right else "left")
    return table
