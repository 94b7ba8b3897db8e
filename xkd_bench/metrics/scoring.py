"""All metrics of a view from one pass over one resampling.

A resample is a vector of example weights. The per-example statistics of all metrics stand side by side, so a
block of resamples is one matrix product, and every metric sees the very same resamples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, isinf, isnan

import numpy as np
from numpy.typing import NDArray

from xkd_bench.metrics.contract import (
    FloatArray,
    MetricCard,
    ModelView,
    PairView,
    PredictionMetric,
    Score,
    SumMetric,
    View,
    WeightMetric,
)
from xkd_bench.metrics.summed_statistics import SummedStatistics
from xkd_bench.statistics.intervals import percentile_interval
from xkd_bench.statistics.resampling import bootstrap_weights, largest_total_weight

_BLOCK = 2_000_000  # numbers held at a time of the weights, and of the sums of one metric


@dataclass(frozen=True)
class Resampled:
    """A metric's plain value and its values (r,) under the resamples; NaN if undefined, inf if not finite.

    Values of two entries that were resampled with the same seed words belong together one by one: the
    difference of their `values` is a paired comparison.
    """

    value: float
    values: FloatArray


def score_all(
    view: View,
    metrics: Sequence[PredictionMetric],
    resamples: int,
    seed_words: tuple[str, ...],
    subset: NDArray[np.bool_] | None = None,
) -> dict[str, Score]:
    """Name → score of each of `metrics` that has a place in the scores of this view (`applies`).

    resamples: draws of examples behind the 95 % percentile intervals; 0 gives values without intervals.
    seed_words: what the draws depend on beside n and the clusters; the same for all entries of a task.
    subset: (n,) mask of a slice to score; the draws are those of the whole view, restricted to the slice.

    Neither the order of the examples nor the number of threads changes a bit of the result.
    Raises `ValueError` for a mask of another length.
    """
    metrics = [metric for metric in metrics if applies(metric.card, view)]
    kind = _model(view).kind
    measurable = [metric for metric in metrics if kind in metric.card.kinds]
    found = resample(view, measurable, resamples, seed_words, subset)
    part = view_rows(view, _mask(view, subset))
    n = len(_model(part).example_ids)
    return {
        metric.card.name: _score(metric, found[metric.card.name], part, n)
        if metric.card.name in found
        else Score.undefined("regression", n)
        for metric in metrics
    }


def applies(card: MetricCard, view: View) -> bool:
    """Whether a metric has a place in the scores of this view.

    Its subject must be the view's, and its number of classes too where the card fixes one. A metric not made
    for this kind of task is left out, unless its card says that it is shown as `undefined` on regression.
    """
    model = _model(view)
    if (card.subject == "pair") != isinstance(view, PairView):
        return False
    if card.needs_pairs and model.twins is None:
        return False
    if model.kind not in card.kinds:
        return model.kind == "regression" and card.on_regression == "undefined"
    return card.classes is None or card.classes == model.classes


def resample(
    view: View,
    metrics: Sequence[PredictionMetric],
    resamples: int,
    seed_words: tuple[str, ...],
    subset: NDArray[np.bool_] | None = None,
) -> dict[str, Resampled]:
    """Name → value of each metric and its values under the same draws; arguments as those of `score_all`."""
    # In the order of the ids, so that the order in which a table was written cannot change what a draw takes.
    ids = _model(view).example_ids
    order = np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)
    inside = _mask(view, subset)[order]
    view = view_rows(view, order)
    part = view_rows(view, inside)
    if not inside.any():
        return {metric.card.name: Resampled(np.nan, np.full(resamples, np.nan)) for metric in metrics}
    clusters = _model(view).clusters
    summed = SummedStatistics(
        [metric for metric in metrics if isinstance(metric, SumMetric)],
        part,
        largest_total_weight(len(ids), clusters),
    )
    weighed = [metric for metric in metrics if isinstance(metric, WeightMetric)]
    ones = np.ones((1, len(_model(part).example_ids)))
    plain = summed.plain() | {metric.card.name: float(metric.weigh(part, ones)[0]) for metric in weighed}
    values = {name: np.empty(resamples) for name in plain}
    done = 0
    rows = max(1, _BLOCK // max(len(ids), summed.widest))
    for block in bootstrap_weights(len(ids), resamples, seed_words, clusters, rows):
        weights = block if inside.all() else block[:, inside]
        found = summed.under(weights) | {metric.card.name: metric.weigh(part, weights) for metric in weighed}
        for name, some in found.items():
            values[name][done : done + len(block)] = some
        done += len(block)
    no_value = Resampled(inf, np.full(resamples, inf))
    return {name: Resampled(plain[name], values[name]) for name in plain} | dict.fromkeys(summed.non_finite, no_value)


def _score(metric: PredictionMetric, found: Resampled, part: View, n: int) -> Score:
    if isnan(found.value):
        return Score.undefined(metric.card.undefined_as, n)
    if isinf(found.value):
        return Score.undefined("non_finite", n)
    low, high = percentile_interval(found.values)
    reason = metric.flag(part)
    # Adding 0 turns −0 into 0, which would be written differently.
    return Score(found.value + 0.0, low, high, n, "flagged" if reason else "ok", reason)


def _model(view: View) -> ModelView:
    """The view, or its student: kind, ids and clusters are the same for both of a pair."""
    return view.student if isinstance(view, PairView) else view


def _mask(view: View, subset: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    n = len(_model(view).example_ids)
    if subset is None:
        return np.ones(n, dtype=np.bool_)
    if subset.shape != (n,) or subset.dtype != np.bool_:
        raise ValueError(f"expected a mask of {n} booleans, found {subset.dtype} of shape {subset.shape}")
    return subset


def view_rows(view: View, which: NDArray[np.bool_] | NDArray[np.int64]) -> View:
    """The view of some examples, given by a mask or by positions."""
    if isinstance(view, PairView):
        return PairView(_model_rows(view.student, which), _model_rows(view.teacher, which))
    return _model_rows(view, which)


def _model_rows(view: ModelView, which: NDArray[np.bool_] | NDArray[np.int64]) -> ModelView:
    positions = np.arange(len(view.example_ids))[which]
    return replace(
        view,
        example_ids=tuple(view.example_ids[position] for position in positions),
        labels=view.labels[positions],
        logits=view.logits[positions],
        clusters=None if view.clusters is None else view.clusters[positions],
        twins=None if view.twins is None else tuple(view.twins[position] for position in positions),
    )
