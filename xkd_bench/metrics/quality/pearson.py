"""Pearson correlation of predicted values and targets."""

from __future__ import annotations

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, ModelView, SumMetric
from xkd_bench.metrics.moments import correlation, correlation_statistics


def statistics(view: ModelView) -> FloatArray:
    """(n, 6): moments of predicted value and target."""
    return correlation_statistics(view.values, view.labels)


metric = SumMetric(card=card_beside(__file__), statistics=statistics, finish=correlation)
