"""The gate's outcome in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from xkd_bench.cli.compare_view import print_changed
from xkd_bench.cli.console import make_console, plain_table
from xkd_bench.cli.explain_wording import printable
from xkd_bench.verdicts.gate import GateOutcome, TaskOutcome
from xkd_bench.verdicts.gate_reports import headline
from xkd_bench.verdicts.wording import NOTHING, heading_of, interval, signed

STYLES = {"pass": "green", "fail": "bold red", "undecided": "yellow"}


def print_gate(outcome: GateOutcome, allow_undecided: bool) -> None:
    """A table a task, the examples whose reason changed while the answer did not, the verdict last."""
    console = make_console()
    for task in outcome.tasks:
        title = f"{task.title}  ·  {outcome.candidate} against {outcome.baseline}"
        console.print(Text(printable(title), style="bold"))
        if task.refused:
            console.print(Text(printable(f"not comparable: {'; '.join(task.refused)}"), style="yellow"))
        else:
            _print_task(console, task)
    code = outcome.exit_code(allow_undecided)
    console.print(Text(headline(outcome, allow_undecided), style={0: "green", 1: "bold red"}.get(code, "yellow")))


def _print_task(console: Console, task: TaskOutcome) -> None:
    columns = ("baseline", "candidate", "gain", "95 % interval", "margin")
    table = plain_table("", *columns, "outcome", right=columns, gap=1, wrapped="outcome")
    heading = None
    for score in task.scores:
        of, title = heading_of(score.name)
        if of != heading:
            heading = of
            table.add_row(Text(printable(heading), style="dim italic"))
        values = (NOTHING if one is None else f"{one:.3f}" for one in (score.baseline, score.candidate))
        margin = NOTHING if score.margin is None else f"{score.margin:g}"
        told = score.status if score.reason is None else f"{score.status}: {score.reason}"
        shown = (*values, signed(score.difference), interval(score.low, score.high), margin)
        table.add_row(Text(f"  {printable(title)}"), *map(Text, shown), Text(told, style=STYLES[score.status]))
    console.print(table)
    if task.changed is not None:
        print_changed(console, task.changed, task.changed.kept_answer_lost_reason, "same answer, other reason")
