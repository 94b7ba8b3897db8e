"""An evaluation in the terminal."""

from __future__ import annotations

from xkd_bench.cli.console import make_console
from xkd_bench.engine.evaluate import Evaluation
from xkd_bench.tasks.card import TaskCard
from xkd_bench.terminal.score_table import evaluation_view


def print_evaluation(evaluation: Evaluation, card: TaskCard) -> None:
    """Tables and what to know of them, then where the record was written."""
    console = make_console()
    for shown in evaluation_view(evaluation.result, evaluation.run, card):
        console.print(shown)
    if evaluation.folder:
        console.print(f"record: {evaluation.folder / 'record.json'}", soft_wrap=True)
