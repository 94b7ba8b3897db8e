"""Accuracy: the share of examples whose predicted class is the label."""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, ModelView, SumMetric
from xkd_bench.metrics.quotient import quotient


def statistics(view: ModelView) -> FloatArray:
    """(n, 2): predicted correctly or not, 1."""
    correct = view.predicted == view.labels
    return np.stack([correct.astype(np.float64), np.ones(len(correct))], axis=1)


def finish(sums: FloatArray) -> FloatArray:
    return quotient(sums[..., 0], sums[..., 1])


metric = SumMetric(card=card_beside(__file__), statistics=statistics, finish=finish)
