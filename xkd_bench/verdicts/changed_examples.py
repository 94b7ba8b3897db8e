"""Which examples changed from one student to another: answers that flipped, reasons that moved. Ids only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from xkd_bench.metrics import registry
from xkd_bench.metrics.alignment_scoring import similarities
from xkd_bench.metrics.contract import FloatArray, SimilarityMetric
from xkd_bench.verdicts.measured import MeasuredEntry
from xkd_bench.verdicts.names import is_control

HEADLINE = "centred_cosine"
MOST = 10
SpeakingOf = Literal["moved", "fell"]


@dataclass(frozen=True)
class FlippedAnswer:
    """An example with another answer. before, after: names of classes, or predicted values. teacher: its answer."""

    example_id: str
    before: str
    after: str
    teacher: str | None


@dataclass(frozen=True)
class MovedReason:
    """An example whose explanation moved. before, after: centred cosine with the teacher's explanation."""

    example_id: str
    before: float
    after: float
    same_answer: bool

    @property
    def change(self) -> float:
        return self.after - self.before


@dataclass(frozen=True)
class ChangedExamples:
    """flips: how many answers of how many differ; flipped: the first of them, by id (of a regression: those that moved
    most). explainer: the one that is spoken of, None where nothing was explained. moved: the reasons that moved most;
    kept_answer_lost_reason: those of them that moved away from the teacher's while the answer stayed."""

    answers: int
    flips: int
    flipped: tuple[FlippedAnswer, ...]
    explainer: str | None
    speaking_of: SpeakingOf
    moved: tuple[MovedReason, ...]
    kept_answer_lost_reason: tuple[MovedReason, ...]


def changed_examples(first: MeasuredEntry, second: MeasuredEntry, speaking_of: SpeakingOf = "moved") -> ChangedExamples:
    """From `first` to `second`, two entries of one track; at most ten examples of a kind.

    The explainer is the one whose mean cosine moved farthest, or fell farthest, in standard errors of the difference.
    """
    flips, flipped = _flipped(first, second, MOST)
    found = {key: _cosines(first, second, key) for key in first.explainers if key in second.explainers}
    found = {key: pair for key, pair in found.items() if not is_control(f"{HEADLINE}.{key}")}
    if not found:
        return ChangedExamples(len(first.student.example_ids), flips, flipped, None, speaking_of, (), ())
    changes = {key: _standardised(after - before) for key, (before, after) in found.items()}
    explainer = max(changes, key=lambda key: abs(changes[key]) if speaking_of == "moved" else -changes[key])
    moved = _moved(first, second, explainer, *found[explainer])
    lost = [one for one in moved if one.same_answer and one.change < 0.0]
    return ChangedExamples(
        len(first.student.example_ids), flips, flipped, explainer, speaking_of, tuple(moved[:MOST]), tuple(lost[:MOST])
    )


def _flipped(first: MeasuredEntry, second: MeasuredEntry, most: int) -> tuple[int, tuple[FlippedAnswer, ...]]:
    ids, labels = first.student.example_ids, first.entry.result.labels
    row_of = {example_id: row for row, example_id in enumerate(second.student.example_ids)}
    rows = np.array([row_of[example_id] for example_id in ids], dtype=np.int64)
    regression = first.student.kind == "regression"
    models = (first.student, second.student, first.pair.teacher if first.pair else None)
    before, after, teacher = (None if one is None else one.values if regression else one.predicted for one in models)
    assert before is not None
    assert after is not None
    after = after[rows]
    changed = np.flatnonzero(before != after)
    by_id = sorted(changed, key=lambda row: (-abs(after[row] - before[row]) if regression else 0.0, ids[row]))

    def told(value: float | int) -> str:
        return f"{value:.3f}" if regression or not labels else labels[int(value)]

    return len(changed), tuple(
        FlippedAnswer(ids[row], told(before[row]), told(after[row]), None if teacher is None else told(teacher[row]))
        for row in by_id[:most]
    )


def _cosines(first: MeasuredEntry, second: MeasuredEntry, key: str) -> tuple[FloatArray, FloatArray]:
    """Centred cosine of each explained example in the order of the first entry, before and after; (n,) each."""
    metric = registry.load(HEADLINE)
    assert isinstance(metric, SimilarityMetric)
    views = [one.explanation_view(key) for one in (first, second)]
    before, after = (similarities(view, metric) for view in views)
    row_of = {example_id: row for row, example_id in enumerate(views[1].example_ids)}
    return before, after[[row_of[example_id] for example_id in views[0].example_ids]]


def _standardised(change: FloatArray) -> float:
    """Mean over its standard error; 0 where nothing moved."""
    known = change[~np.isnan(change)]
    deviation = float(known.std(ddof=1)) if len(known) > 1 else 0.0
    return float(known.mean()) / deviation * len(known) ** 0.5 if deviation > 0 else 0.0


def _moved(
    first: MeasuredEntry, second: MeasuredEntry, key: str, before: FloatArray, after: FloatArray
) -> list[MovedReason]:
    """Examples with a cosine before and after that is not the same, those that moved most first."""
    ids = first.explanation_view(key).example_ids
    answers = [dict(zip(one.student.example_ids, _answers(one), strict=True)) for one in (first, second)]
    moved = [
        MovedReason(ids[row], float(before[row]), float(after[row]), answers[0][ids[row]] == answers[1][ids[row]])
        for row in np.flatnonzero(~np.isnan(before) & ~np.isnan(after) & (before != after))
    ]
    return sorted(moved, key=lambda one: (-abs(one.change), one.example_id))


def _answers(entry: MeasuredEntry) -> list[int]:
    """Predicted classes; of a regression the same for all, since an answer there has no other to flip to."""
    student = entry.student
    return [0] * len(student.example_ids) if student.kind == "regression" else student.predicted.tolist()
