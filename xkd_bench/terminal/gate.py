"""The gate's outcome as lines and tables."""

from __future__ import annotations

from rich.text import Text

from xkd_bench.terminal.comparison import changed_view
from xkd_bench.terminal.printable import printable
from xkd_bench.terminal.tables import Shown, plain_table
from xkd_bench.verdicts.gate import GateOutcome, TaskOutcome
from xkd_bench.verdicts.gate_reports import headline
from xkd_bench.verdicts.wording import NOTHING, heading_of, interval, signed

STYLES = {"pass": "green", "fail": "bold red", "undecided": "yellow"}


def gate_view(outcome: GateOutcome, allow_undecided: bool) -> list[Shown]:
    """A table a task, the examples whose reason changed while the answer did not, the verdict last."""
    shown: list[Shown] = []
    for task in outcome.tasks:
        title = f"{task.title}  ·  {outcome.candidate} against {outcome.baseline}"
        shown.append(Text(printable(title), style="bold"))
        if task.refused:
            shown.append(Text(printable(f"not comparable: {'; '.join(task.refused)}"), style="yellow"))
        else:
            shown += _task_view(task)
    code = outcome.exit_code(allow_undecided)
    return [*shown, Text(headline(outcome, allow_undecided), style={0: "green", 1: "bold red"}.get(code, "yellow"))]


def _task_view(task: TaskOutcome) -> list[Shown]:
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
    if task.changed is None:
        return [table]
    return [table, *changed_view(task.changed, task.changed.kept_answer_lost_reason, "same answer, other reason")]
