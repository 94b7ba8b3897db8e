"""Scores of alignment: the mean similarity of two models' explanations, and the scale it is read on.

    mean        Σ_i w_i x_i / Σ_i w_i, x_i the similarity of teacher and student on example i
    floor       the mean if the student's explanations were exchanged among examples with one number of units and one
                class of the teacher (`alignment.floor`)
    ceiling     the mean with a retrained teacher in the student's place, averaged over the retrained teachers
    calibrated  (mean − floor) / (ceiling − floor), not clipped

All of them come from one resampling of the examples, so mean, floor and ceiling of a draw belong together and their
quotient has an interval of its own. Mean and ceiling rest on all examples that can be compared, the floor on those of
them that have a partner; a score's n says how many. Intervals hold for the retrained teachers at hand: that others
would give another ceiling is not in them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xkd_bench.metrics.alignment.floor import Floor
from xkd_bench.metrics.alignment.vectors import grouped, stacked
from xkd_bench.metrics.contract import ExplanationView, FloatArray, IntArray, Reason, Score, SimilarityMetric
from xkd_bench.metrics.draws import Draws, Means, Median, Statistic, resample
from xkd_bench.metrics.quotient import quotient
from xkd_bench.statistics.resampling import largest_total_weight

BoolArray = NDArray[np.bool_]

MIN_UNITS = 3
BINS = 40
SHORT_SCALE = 4.0  # standard errors of ceiling − floor


@dataclass(frozen=True)
class References:
    """Per-example similarity with the teacher's explanations, NaN where there is none: of R ≥ 0 retrained teachers,
    (n, R), and of the student's architecture with random weights, (n,)."""

    retrained: FloatArray
    random_student: FloatArray | None = None


@dataclass(frozen=True)
class Alignment:
    """One measure of one explainer.

    parts: means of parts of the examples. retrained: each retrained teacher's own mean, like the ceiling on examples
    where the student has a value. excluded: why examples have no value, and how many. histogram: examples in 40 equal
    bins of the measure's range.
    """

    mean: Score
    median: Score
    parts: dict[str, Score]
    floor: Score
    ceiling: Score
    calibrated: Score
    random_student: Score
    retrained: tuple[Score, ...]
    excluded: dict[Reason, int]
    histogram: tuple[int, ...]


def similarities(view: ExplanationView, metric: SimilarityMetric) -> FloatArray:
    """Similarity of the two explanations of each example, (n,); NaN where there is none, see `exclusions`."""
    values = np.full(len(view.example_ids), np.nan)
    comparable = [row for row, reason in enumerate(_reasons(view)) if reason is None]
    for rows in grouped(comparable, [len(vector) for vector in view.teacher]):
        values[rows] = metric.similarity(stacked(view.teacher, rows), stacked(view.student, rows))
    return values


def exclusions(view: ExplanationView, values: FloatArray) -> dict[Reason, int]:
    """Why examples have no value (n,), and how many: the example's own reason, else fewer than three units, else scores
    that are not finite, else a vector that cannot be compared (`zero_vector`: all zeros, or constant)."""
    return _counts(_reasons_without_value(view, values))


def without_punctuation(view: ExplanationView) -> ExplanationView:
    """The same explanations without the scores of punctuation marks."""
    words = [~marks for marks in view.punctuation]
    return replace(
        view,
        teacher=tuple(vector[kept] for vector, kept in zip(view.teacher, words, strict=True)),
        student=tuple(vector[kept] for vector, kept in zip(view.student, words, strict=True)),
        punctuation=tuple(np.zeros(int(kept.sum()), dtype=np.bool_) for kept in words),
    )


def score_alignment(
    view: ExplanationView,
    metric: SimilarityMetric,
    references: References,
    resamples: int,
    seed_words: tuple[str, ...],
    parts: Mapping[str, BoolArray],
) -> Alignment:
    """Mean, scale and distribution of one measure.

    resamples: draws of examples (of clusters, where the view has them) behind the 95 % percentile intervals.
    seed_words: what the draws depend on beside n and the clusters. parts: name → (n,) mask of a part of the examples.

    `calibrated` is undefined with `not_measured` without retrained teachers, and with `short_scale` where ceiling −
    floor is below four of its bootstrap standard errors. A mean without examples has their most common reason.
    Neither the order of the examples nor the number of threads changes a bit.
    """
    order = _id_order(view.example_ids)
    view = _view_rows(view, order)
    parts = {name: mask[order] for name, mask in parts.items()}
    values = similarities(view, metric)
    random_student = np.full(len(order), np.nan) if references.random_student is None else references.random_student
    retrained = np.where(np.isnan(values)[:, np.newaxis], np.nan, references.retrained[order])
    columns = np.column_stack([_with_parts(values, parts), random_student[order], retrained])
    bound = largest_total_weight(len(order), view.clusters)
    statistics: list[Statistic] = [Means(columns, bound), Median(values), Floor(view, metric, values, bound)]
    means, (median,), (floor,) = resample(statistics, len(order), view.clusters, resamples, seed_words)
    mean, partial, by_chance, again = (
        means[0],
        means[1 : 1 + len(parts)],
        means[1 + len(parts)],
        means[2 + len(parts) :],
    )
    in_all = [one.values for one in again]
    ceiling = Draws(
        np.mean(in_all, axis=0) if in_all else np.full(1 + resamples, np.nan),
        int((~np.isnan(retrained)).any(axis=1).sum()),
    )
    reasons = _reasons_without_value(view, values)
    why = _most_common(reasons)
    no_floor: Reason = "degenerate" if mean.n else why
    no_ceiling: Reason = "not_measured" if mean.n or not again else why
    return Alignment(
        mean=mean.score(why),
        median=median.score(why),
        parts={
            name: part.score(_most_common([reasons[row] for row in np.flatnonzero(mask)]))
            for (name, mask), part in zip(parts.items(), partial, strict=True)
        },
        floor=floor.score(no_floor),
        ceiling=ceiling.score(no_ceiling),
        calibrated=_calibrated(mean, floor, ceiling, no_floor, no_ceiling),
        random_student=by_chance.score("not_measured"),
        retrained=tuple(one.score(no_ceiling) for one in again),
        excluded=_counts(reasons),
        histogram=_histogram(values, metric),
    )


def score_examples(
    values: FloatArray,
    resamples: int,
    seed_words: tuple[str, ...],
    parts: Mapping[str, BoolArray],
    example_ids: Sequence[str],
    clusters: NDArray[Any] | None = None,
    undefined_as: Reason = "not_measured",
) -> tuple[Score, dict[str, Score]]:
    """Mean of per-example numbers (n,), NaN where an example has none, and of parts of the examples.

    The draws are those of `score_alignment` for the same examples. undefined_as: the reason where no example has one.
    """
    order = _id_order(example_ids)
    parts = {name: mask[order] for name, mask in parts.items()}
    clusters = None if clusters is None else clusters[order]
    means = Means(_with_parts(values[order], parts), largest_total_weight(len(order), clusters))
    ((whole, *partial),) = resample([means], len(order), clusters, resamples, seed_words)
    return whole.score(undefined_as), {
        name: part.score(undefined_as) for name, part in zip(parts, partial, strict=True)
    }


def fill_gap(
    values_delete: FloatArray,
    values_other: FloatArray,
    resamples: int,
    seed_words: tuple[str, ...],
    example_ids: Sequence[str],
    clusters: NDArray[Any] | None = None,
) -> Score:
    """Mean of other − delete, per-example numbers (n,) with two fills, over the examples that have both."""
    return score_examples(values_other - values_delete, resamples, seed_words, {}, example_ids, clusters)[0]


def _calibrated(mean: Draws, floor: Draws, ceiling: Draws, no_floor: Reason, no_ceiling: Reason) -> Score:
    if math.isnan(ceiling.plain) or math.isnan(floor.plain):
        return Score.undefined(no_ceiling if math.isnan(ceiling.plain) else no_floor, mean.n)
    scale = ceiling.values - floor.values
    drawn = scale[1:][np.isfinite(scale[1:])]
    error = float(drawn.std(ddof=1)) if len(drawn) > 1 else 0.0
    if scale[0] <= 0 or scale[0] < SHORT_SCALE * error:
        return Score.undefined("short_scale", mean.n)
    return Draws(quotient(mean.values - floor.values, scale), mean.n).score("short_scale")


def _histogram(values: FloatArray, metric: SimilarityMetric) -> tuple[int, ...]:
    low, high = metric.card.range
    assert low is not None  # as `cards.parse_card` makes sure
    assert high is not None
    return tuple(np.histogram(values[~np.isnan(values)], BINS, (low, high))[0].tolist())


def _reasons(view: ExplanationView) -> list[Reason | None]:
    """Why an example cannot be compared by any measure, None where it can."""

    def reason(own: Reason | None, teacher: FloatArray, student: FloatArray) -> Reason | None:
        if own is None and len(teacher) < MIN_UNITS:
            return "too_few_units"
        finite = np.isfinite(teacher).all() and np.isfinite(student).all()
        return own if own is not None or finite else "non_finite"

    return [reason(*row) for row in zip(view.reasons, view.teacher, view.student, strict=True)]


def _reasons_without_value(view: ExplanationView, values: FloatArray) -> list[Reason | None]:
    """Why an example has no value, None where it has one."""
    missing = np.isnan(values)
    return [(reason or "zero_vector") if missing[row] else None for row, reason in enumerate(_reasons(view))]


def _counts(reasons: Sequence[Reason | None]) -> dict[Reason, int]:
    return dict(sorted(Counter(reason for reason in reasons if reason is not None).items()))


def _most_common(reasons: Sequence[Reason | None]) -> Reason:
    """The first of the alphabet where several are equally common; `not_measured` where there is none."""
    counts = _counts(reasons)
    return max(counts, key=counts.__getitem__, default="not_measured")


def _with_parts(values: FloatArray, parts: Mapping[str, BoolArray]) -> FloatArray:
    """(n,) values, then for each part the values inside it, NaN outside; (n, 1 + parts)."""
    return np.column_stack([values, *(np.where(mask, values, np.nan) for mask in parts.values())])


def _id_order(example_ids: Sequence[str]) -> IntArray:
    """Positions in the order of the ids: the order in which a table was written cannot change what a draw takes."""
    return np.array(sorted(range(len(example_ids)), key=example_ids.__getitem__), dtype=np.int64)


def _view_rows(view: ExplanationView, rows: IntArray) -> ExplanationView:
    def taken(items: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(items[row] for row in rows)

    return ExplanationView(
        example_ids=taken(view.example_ids),
        teacher=taken(view.teacher),
        student=taken(view.student),
        punctuation=taken(view.punctuation),
        reasons=taken(view.reasons),
        teacher_class=view.teacher_class[rows],
        clusters=None if view.clusters is None else view.clusters[rows],
    )
