"""`xkd_bench.check`: did a change harm alignment?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xkd_bench.api.arguments import Place
from xkd_bench.api.frames import Kind, frame, metric_part_model
from xkd_bench.api.shown import ShowsItself
from xkd_bench.verdicts.as_json import as_text
from xkd_bench.verdicts.folders import gate_folders
from xkd_bench.verdicts.gate import PASSED, GateOutcome, ScoreOutcome, TaskOutcome
from xkd_bench.verdicts.gate_reports import gate_junit, gate_markdown, headline
from xkd_bench.verdicts.margins import Margin, checked_margins

if TYPE_CHECKING:
    from pandas import DataFrame

    from xkd_bench.terminal.tables import Shown

REFUSED = "refused"
COLUMNS: dict[str, Kind] = {
    "task": "text",
    "score": "text",
    "metric": "text",
    "part": "text",
    "baseline": "number",
    "candidate": "number",
    "gain": "number",
    "low": "number",
    "high": "number",
    "margin": "number",
    "n": "count",
    "status": "text",
    "reason": "text",
}


@dataclass(frozen=True, eq=False, repr=False)
class Gate(ShowsItself):
    """A candidate against a baseline, score by score (`verdicts.gate` has the rule). allow_undecided: let pass what is
    undecided, as long as something is decided."""

    outcome: GateOutcome
    allow_undecided: bool = False

    @property
    def exit_code(self) -> int:
        """0: all pass; 1: one fails; 2: undecided, missing, undefined, too few examples, another track."""
        return self.outcome.exit_code(self.allow_undecided)

    @property
    def passed(self) -> bool:
        """Whether the exit code is 0."""
        return self.exit_code == PASSED

    def to_pandas(self) -> DataFrame:
        """One row a score; one of status `refused`, without a score, for a task that cannot be compared.

        Columns: task, score, metric, part, baseline, candidate, gain (candidate − baseline in the good direction), low
        and high (its 95 % interval), margin, n, status (pass, fail, undecided or refused), reason.
        """
        return frame(COLUMNS, [row for task in self.outcome.tasks for row in _rows(task)])

    def to_markdown(self) -> str:
        """What `xkd-bench check --markdown` writes."""
        return gate_markdown(self.outcome, self.allow_undecided)

    def to_junit(self) -> str:
        """What `xkd-bench check --junit` writes."""
        return gate_junit(self.outcome, self.allow_undecided)

    def to_json(self) -> str:
        """What `xkd-bench check --json` writes."""
        return as_text(self.outcome)

    def __repr__(self) -> str:
        told = headline(self.outcome, self.allow_undecided)
        return f"<Gate of {self.outcome.candidate} against {self.outcome.baseline}: {told}>"

    def _view(self) -> list[Shown]:
        from xkd_bench.terminal.gate import gate_view

        return gate_view(self.outcome, self.allow_undecided)


def check(
    candidate: Place,
    baseline: Place,
    margins: Place | Mapping[str, Margin] | None = None,
    *,
    task: str | None = None,
    allow_undecided: bool = False,
) -> Gate:
    """Stop a student that kept its accuracy and lost its reasons: `xkd-bench check` with the same options and defaults.

    candidate, baseline: submissions, tasks' folders inside them, or what `evaluate` gave. margins: a TOML file; text,
    images or regression; or score or family → a number above 0 or "power"; None: what the baseline's examples could
    show. task: one task of submissions with several. allow_undecided: see `Gate`. No model is run.

    Raises `BadInputError` for folders without a record, tables that are not their records', or bad margins.
    """
    chosen = checked_margins(margins, "margins") if isinstance(margins, Mapping) else margins
    if chosen is not None and not isinstance(chosen, dict):
        chosen = os.fspath(chosen)
    return Gate(gate_folders(Path(candidate), Path(baseline), chosen, task), allow_undecided)


def _rows(task: TaskOutcome) -> list[tuple[object, ...]]:
    if task.refused:
        return [(task.task, *(None,) * 9, 0, REFUSED, "; ".join(task.refused))]
    return [_row(task.task, score) for score in task.scores]


def _row(task: str, score: ScoreOutcome) -> tuple[object, ...]:
    metric, part, _ = metric_part_model(score.name)
    return (
        *(task, score.name, metric, part, score.baseline, score.candidate),
        *(score.difference, score.low, score.high, score.margin, score.n, score.status, score.reason),
    )
