"""Where tables are printed."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table


def make_console() -> Console:
    """Standard output; where it is no terminal, wide enough that no number is cut."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=120)


def plain_table(*columns: str, wrapped: str | None = None, right: tuple[str, ...] = (), gap: int = 2) -> Table:
    """A table without lines: bold headers, only the column named `wrapped` may break its text."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, gap))
    for column in columns:
        table.add_column(column, no_wrap=column != wrapped, justify="right" if column in right else "left")
    return table
