"""Comparisons in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from xkd_bench.cli.console import make_console, plain_table
from xkd_bench.cli.explain_wording import printable
from xkd_bench.verdicts.changed_examples import ChangedExamples, MovedReason
from xkd_bench.verdicts.outcome import Outcome, TaskComparison
from xkd_bench.verdicts.wording import changed_words, lines, remarks, signed

STYLES = {"better": "green", "worse": "red", "different": "yellow"}
FEW = 5  # examples in the terminal; Markdown and the page have more


def print_outcome(outcome: Outcome) -> None:
    """A table for every pair and task, then what could not be compared, and why."""
    console = make_console()
    for place, task in enumerate(outcome.compared):
        if place:
            console.print()
        _print_task(console, task)
    for one in outcome.not_comparable:
        told = f"not comparable on {one.task}: {one.second} and {one.first}: {'; '.join(one.reasons)}"
        console.print(Text(printable(told), style="yellow"))


def _print_task(console: Console, task: TaskComparison) -> None:
    title = f"{task.title}  ·  {task.second} against {task.first}  ·  protocol {task.protocol}"
    console.print(Text(printable(title), style="bold"))
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
    console.print(table)
    for remark in remarks(task):
        console.print(Text(printable(remark), style="dim"))
    if task.changed is not None:
        print_changed(console, task.changed, task.changed.moved)


def print_changed(
    console: Console, changed: ChangedExamples, moved: Sequence[MovedReason], what: str = "reasons"
) -> None:
    """The examples that changed most, by id."""
    console.print(Text(printable(changed_words(changed)), style="dim"))
    if changed.flipped:
        flips = ", ".join(f"{one.example_id} ({one.before} → {one.after})" for one in changed.flipped[:FEW])
        console.print(Text(printable(f"answers: {flips}{_more(changed.flips)}"), style="dim"))
    if moved:
        told = ", ".join(
            f"{one.example_id} ({one.before:.2f} → {one.after:.2f}, {signed(one.change, 2)})" for one in moved[:FEW]
        )
        console.print(Text(printable(f"{what}: {told}"), style="dim"))


def _more(count: int) -> str:
    return f" and {count - FEW} more" if count > FEW else ""


def _heading(name: str, task: TaskComparison) -> str:
    """A column's name; two of one name are told apart."""
    shown = printable(name)
    short = shown if len(shown) <= 12 else f"{shown[:11]}…"
    return f"{short} (B)" if task.first == task.second and name is task.second else short
