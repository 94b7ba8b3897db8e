"""Pearson correlation of the confidences of student and teacher."""

from __future__ import annotations

from xkd_bench.metrics.calibration.bins import confidence
from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, PairView, SumMetric
from xkd_bench.metrics.moments import correlation, correlation_statistics


def statistics(view: PairView) -> FloatArray:
    """(n, 6): moments of the largest probability of the student and of the teacher."""
    return correlation_statistics(confidence(view.student), confidence(view.teacher))


metric = SumMetric(card=card_beside(__file__), statistics=statistics, finish=correlation)
