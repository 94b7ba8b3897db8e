"""Mean absolute difference of the values student and teacher predict."""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, PairView, SumMetric
from xkd_bench.metrics.quotient import quotient


def statistics(view: PairView) -> FloatArray:
    """(n, 2): |student's value − teacher's value|, 1."""
    difference = np.abs(view.student.values - view.teacher.values)
    return np.stack([difference, np.ones(len(difference))], axis=1)


def finish(sums: FloatArray) -> FloatArray:
    return quotient(sums[..., 0], sums[..., 1])


metric = SumMetric(card=card_beside(__file__), statistics=statistics, finish=finish)
