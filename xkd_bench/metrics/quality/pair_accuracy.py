"""Accuracy on minimal pairs: a pair counts where both of its examples are right."""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, ModelView, SumMetric
from xkd_bench.metrics.quotient import quotient


def statistics(view: ModelView) -> FloatArray:
    """(n, 2): whether the example and its twin are right, 1; zeros for examples without a twin."""
    rows = view.twin_rows
    right = view.predicted == view.labels
    paired = rows >= 0
    return np.stack([paired & right & right[rows], paired], axis=1).astype(np.float64)


def finish(sums: FloatArray) -> FloatArray:
    return quotient(sums[..., 0], sums[..., 1])


metric = SumMetric(card=card_beside(__file__), statistics=statistics, finish=finish)
