"""`xkd_bench.compare`: is B better than A?"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xkd_bench.api.arguments import Place
from xkd_bench.api.frames import Kind, frame, metric_part_model
from xkd_bench.api.shown import ShowsItself
from xkd_bench.errors import BadInputError
from xkd_bench.verdicts.as_json import as_text
from xkd_bench.verdicts.folders import compare_folders, names_of, seeds_of
from xkd_bench.verdicts.markdown import outcome_markdown
from xkd_bench.verdicts.names import unknown_name
from xkd_bench.verdicts.outcome import Outcome, ScoreComparison, TaskComparison
from xkd_bench.verdicts.verdict import Verdict

if TYPE_CHECKING:
    from pandas import DataFrame

    from xkd_bench.terminal.tables import Shown

Entry = Place | Sequence[Place]  # one submission, or those of one method's seeds
COLUMNS: dict[str, Kind] = {
    "task": "text",
    "first": "text",
    "second": "text",
    "score": "text",
    "metric": "text",
    "part": "text",
    "value_first": "number",
    "value_second": "number",
    "difference": "number",
    "low": "number",
    "high": "number",
    "p_value": "number",
    "p_adjusted": "number",
    "smallest": "number",
    "margin": "number",
    "n": "count",
    "verdict": "text",
    "reason": "text",
}


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(ShowsItself):
    """Every pair and task that could be compared, and why others could not. outcome: all of it, field by field
    (`verdicts.outcome`)."""

    outcome: Outcome

    def to_pandas(self) -> DataFrame:
        """One row a score of a pair on a task.

        Columns: task, first, second (the entries), score, metric, part, value_first, value_second, difference (second −
        first), low and high (its 95 % interval), p_value, p_adjusted (Holm), smallest (the difference these examples
        could have shown), margin, n, verdict, reason (why it is undefined).
        """
        return frame(COLUMNS, [_row(task, score) for task in self.outcome.compared for score in task.scores])

    def verdict(self, score: str, *, task: str | None = None, second: str | None = None) -> Verdict:
        """better, worse, different, equivalent, not separable or undefined: what is said of one score.

        task, second: which one is meant, where there are several tasks or entries. Raises `BadInputError` for a score
        that was not compared, or where several are meant.
        """
        chosen = [
            one
            for one in self.outcome.compared
            if task in (None, one.task, one.task.rpartition("/")[2]) and second in (None, one.second)
        ]
        found = {(one.task, one.second): s.verdict for one in chosen for s in one.scores if s.name == score}
        if len(found) == 1:
            return next(iter(found.values()))
        if found:
            pairs = "; ".join(f"{entry} on {of}" for of, entry in found)
            raise BadInputError(
                where=f"verdict({score!r})", expected="one comparison", found=pairs, fix="name task or second"
            )
        raise unknown_name(score, dict.fromkeys(s.name for one in chosen for s in one.scores), "verdict")

    def to_markdown(self) -> str:
        """What `xkd-bench compare --markdown` writes."""
        return outcome_markdown(self.outcome)

    def to_json(self) -> str:
        """What `xkd-bench compare --json` prints."""
        return as_text(self.outcome)

    def __repr__(self) -> str:
        told = []
        for task in self.outcome.compared:
            counts = dict.fromkeys((score.verdict for score in task.scores), 0)
            for score in task.scores:
                counts[score.verdict] += 1
            verdicts = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
            told.append(f"{task.second} against {task.first} on {task.task}: {verdicts}")
        return f"<Comparison of {'; '.join(told)}>"

    def _view(self) -> list[Shown]:
        from xkd_bench.terminal.comparison import outcome_view

        return outcome_view(self.outcome)


def compare(
    a: Entry,
    b: Entry,
    *more: Entry,
    task: str | None = None,
    metrics: str | Sequence[str] | None = None,
    margins: Mapping[str, float] | None = None,
) -> Comparison:
    """Hold every entry against the first: `xkd-bench compare` with the same options and defaults. No model is run.

    a, b, more: submissions, tasks' folders inside them, or what `evaluate` gave; several seeds of one method as a list,
    or as `"A1,A2,A3"`. task: one task of submissions with several. metrics: scores or families of them, the headline
    scores where none is given. margins: score or family → a difference that does not matter.

    Raises `BadInputError` for a name that no task has, or where nothing can be compared, saying why.
    """
    names = names_of(metrics) if isinstance(metrics, str) or metrics is None else list(metrics)
    return Comparison(compare_folders([_seeds(one) for one in (a, b, *more)], task, names, margins))


def _seeds(entry: Entry) -> list[str]:
    if isinstance(entry, str):
        return seeds_of(entry)
    return [os.fspath(entry)] if isinstance(entry, os.PathLike) else [os.fspath(one) for one in entry]


def _row(task: TaskComparison, score: ScoreComparison) -> tuple[object, ...]:
    metric, part, _ = metric_part_model(score.name)
    return (
        *(task.task, task.first, task.second, score.name, metric, part),
        *(score.first.value, score.second.value, score.difference, score.low, score.high),
        *(score.p_value, score.adjusted, score.smallest, score.margin),
        *(min(score.first.n, score.second.n), score.verdict, score.first.reason or score.second.reason),
    )
