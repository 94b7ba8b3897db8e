"""Where tables are printed."""

from __future__ import annotations

from rich.console import Console


def make_console() -> Console:
    """Standard output; where it is no terminal, wide enough that no number is cut."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=120)
