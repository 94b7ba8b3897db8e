"""Comparisons as lines and tables."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from xkd_bench.terminal.printable import printable
from xkd_bench.terminal.tables import Shown, plain_table
from xkd_bench.verdicts.changed_examples import ChangedExamples, MovedReason
from xkd_bench.verdicts.outcome import Outcome, TaskComparison
from xkd_bench.verdicts.wording import changed_words, lines, remarks, signed

STYLES = {"better": "green", "worse": "red", "different": "yellow"}
FEW = 5  # examples in the terminal; Markdown and the page have more


def outcome_view(outcome: Outcome) -> list[Shown]:
    """A table for every pair and task, then what could not be compared, and why."""
    shown: list[Shown] = []
    for place, task in enumerate(outcome.compared):
        if place:
            shown.append(Text())
        shown += _task_view(task)
    for one in outcome.not_comparable:
        told = f"not comparable on {one.task}: {one.second} and {one.first}: {'; '.join(one.reasons)}"
        shown.append(Text(printable(told), style="yellow"))
    return shown


def _task_view(task: TaskComparison) -> list[Shown]:
    title = f"{task.title}  ·  {task.second} against {task.first}  ·  protocol {task.protocol}"
    names = [_heading(name, task) for name in (task.first, task.second)]
    columns = (*names, "change", "95 % interval", "p (Holm)", "smallest")
    table = plain_table("", *columns, "verdict", right=columns, gap=1)
    heading = None
    for line in lines(task):
        if line.heading != heading:
            heading = line.heading
            table.add_row(Text(printable(heading), style="dim italic"))
        cells = (line.first, line.second, line.difference, line.interval, line.p_value, line.smallest)
        verdict = Text(line.verdict, style=STYLES.get(line.verdict, "dim"))
        table.add_row(Text(f"  {printable(line.title)}"), *map(Text, cells), verdict)
    shown: list[Shown] = [Text(printable(title), style="bold"), table]
    shown += [Text(printable(remark), style="dim") for remark in remarks(task)]
    return shown + (changed_view(task.changed, task.changed.moved) if task.changed is not None else [])


def changed_view(changed: ChangedExamples, moved: Sequence[MovedReason], what: str = "reasons") -> list[Shown]:
    """The examples that changed most, by id."""
    told = [changed_words(changed)]
    if changed.flipped:
        flips = ", ".join(f"{one.example_id} ({one.before} → {one.after})" for one in changed.flipped[:FEW])
        told.append(f"answers: {flips}{_more(changed.flips)}")
    if moved:
        reasons = ", ".join(
            f"{one.example_id} ({one.before:.2f} → {one.after:.2f}, {signed(one.change, 2)})" for one in moved[:FEW]
        )
        told.append(f"{what}: {reasons}")
    return [Text(printable(line), style="dim") for line in told]


def _more(count: int) -> str:
    return f" and {count - FEW} more" if count > FEW else ""


def _heading(name: str, task: TaskComparison) -> str:
    """A column's name; two of one name are told apart."""
    shown = printable(name)
    short = shown if len(shown) <= 12 else f"{shown[:11]}…"
    return f"{short} (B)" if task.first == task.second and name is task.second else short
