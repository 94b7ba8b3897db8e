"""The gate's outcome in the terminal."""

from __future__ import annotations

from xkd_bench.cli.console import make_console
from xkd_bench.terminal.gate import gate_view
from xkd_bench.verdicts.gate import GateOutcome


def print_gate(outcome: GateOutcome, allow_undecided: bool) -> None:
    """A table a task, the examples whose reason changed while the answer did not, the verdict last."""
    console = make_console()
    for shown in gate_view(outcome, allow_undecided):
        console.print(shown)
