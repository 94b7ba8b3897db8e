"""Pearson correlation of the values student and teacher predict."""

from __future__ import annotations

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, PairView, SumMetric
from xkd_bench.metrics.moments import correlation, correlation_statistics


def statistics(view: PairView) -> FloatArray:
    """(n, 6): moments of the student's and the teacher's value."""
    return correlation_statistics(view.student.values, view.teacher.values)


metric = SumMetric(card=card_beside(__file__), statistics=statistics, finish=correlation)
