"""Spearman's rank correlation of predicted values and targets, average ranks for ties."""

from __future__ import annotations

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, ModelView, WeightMetric
from xkd_bench.metrics.weighted_ranks import weighted_spearman


def weigh(view: ModelView, weights: FloatArray) -> FloatArray:
    """(r, n) weights → (r,) values, NaN where a side is constant."""
    return weighted_spearman(view.values, view.labels, weights)


metric = WeightMetric(card=card_beside(__file__), weigh=weigh)
