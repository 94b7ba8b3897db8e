"""Scores of faithfulness: what masking in the order of an explanation leaves, against random masking of the same model.

    drop      AUC_random − AUC_most     above 0: what the explanation puts first is what the model depends on
    kept      AUC_least − AUC_random    above 0: what it puts last can go
    transfer ratio   drop by the teacher's explanation / drop by the student's own, both on the student

AUC is the area under a measure of what is left (`faithfulness.area`). Areas of two models are never compared: models
differ in how much any masking takes from them. Everything comes from one resampling of the examples, so a ratio's
interval is its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xkd_bench.metrics.contract import FloatArray, IntArray, MaskingMetric, MaskingView, Score
from xkd_bench.metrics.draws import Draws, Means, resample
from xkd_bench.metrics.faithfulness.area import area
from xkd_bench.metrics.quotient import quotient
from xkd_bench.statistics.resampling import largest_total_weight

CURVES = ("most", "least", "random")


@dataclass(frozen=True)
class Curve:
    """What is left at each level, and the area under it."""

    points: tuple[Score, ...]
    area: Score


@dataclass(frozen=True)
class Faithfulness:
    """One explainer on one masked model. curves: measure → `most`, `least`, `random`. draws: (measure, metric) → its
    mean, plain and under every draw of examples."""

    curves: dict[str, dict[str, Curve]]
    draws: dict[tuple[str, str], Draws]

    def score(self, measure: str, metric: str) -> Score:
        return self.draws[measure, metric].score("not_measured")


@dataclass(frozen=True)
class Resampling:
    """n examples, and how they are drawn: r draws of examples, of clusters where there are any."""

    example_ids: Sequence[str]
    resamples: int
    seed_words: tuple[str, ...]
    clusters: NDArray[Any] | None = None


def score_masking(
    views: Mapping[str, MaskingView], counted: NDArray[np.bool_], metrics: Sequence[MaskingMetric], over: Resampling
) -> Faithfulness:
    """Means over the examples `counted` (n,) that have a value.

    views: measure → what is left. The order of the examples changes nothing, to the bit.
    """
    names: list[tuple[str, ...]] = []
    columns: list[FloatArray] = []
    for measure, view in views.items():
        for name in CURVES:
            curve: FloatArray = getattr(view, name)
            names += [(measure, name, str(level)) for level in range(len(view.levels))]
            columns += list(curve.T)
            names.append((measure, name, "area"))
            columns.append(area(view.levels, curve))
        for metric in metrics:
            names.append((measure, metric.card.name))
            columns.append(metric.per_example(view))
    found = dict(zip(names, _means(np.column_stack(columns), counted, over), strict=True))
    return Faithfulness(
        curves={
            measure: {
                name: Curve(
                    tuple(found[measure, name, str(level)].score("not_measured") for level in range(len(view.levels))),
                    found[measure, name, "area"].score("not_measured"),
                )
                for name in CURVES
            }
            for measure, view in views.items()
        },
        draws={
            (measure, metric.card.name): found[measure, metric.card.name] for measure in views for metric in metrics
        },
    )


def transfer_ratio(transfer: Draws, own: Draws) -> Score:
    """transfer / own, with the interval of the quotient; `unfaithful` where the own one's interval does not lie above
    0, since nothing can then be held against it."""
    of_own = own.score("not_measured")
    if of_own.value is None or np.isnan(transfer.plain):
        return Score.undefined("not_measured", own.n)
    if of_own.low is None or of_own.low <= 0:
        return Score.undefined("unfaithful", own.n)
    return Draws(quotient(transfer.values, own.values), own.n).score("unfaithful")


def _means(columns: FloatArray, counted: NDArray[np.bool_], over: Resampling) -> list[Draws]:
    order: IntArray = np.array(sorted(range(len(over.example_ids)), key=over.example_ids.__getitem__), dtype=np.int64)
    values = np.where(counted[:, None], columns, np.nan)[order]
    clusters = None if over.clusters is None else over.clusters[order]
    means = Means(values, largest_total_weight(len(order), clusters))
    (found,) = resample([means], len(order), clusters, over.resamples, over.seed_words)
    return found
