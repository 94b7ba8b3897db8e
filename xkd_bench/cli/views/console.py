"""Where lines and tables are printed."""

from __future__ import annotations

from rich.console import Console

from xkd_bench.terminal.tables import Shown


def make_console() -> Console:
    """Standard output; where it is no terminal, wide enough that no number is cut."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=120)


def print_shown(*shown: Shown) -> None:
    """Lines and tables, one below the other."""
    console = make_console()
    for one in shown:
        console.print(one)
