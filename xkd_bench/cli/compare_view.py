"""Comparisons in the terminal."""

from __future__ import annotations

from xkd_bench.cli.console import make_console
from xkd_bench.terminal.comparison import outcome_view
from xkd_bench.verdicts.outcome import Outcome


def print_outcome(outcome: Outcome) -> None:
    """A table for every pair and task, then what could not be compared, and why."""
    console = make_console()
    for shown in outcome_view(outcome):
        console.print(shown)
