"""Binary F1; the positive class is the one with index 1 (MRPC, QQP)."""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.class_counts import is_collapsed
from xkd_bench.metrics.contract import FloatArray, ModelView, Reason, SumMetric
from xkd_bench.metrics.quotient import quotient


def statistics(view: ModelView) -> FloatArray:
    """(n, 2): true positive or not; how often label and prediction name class 1 (0, 1 or 2)."""
    predicted, positive = view.predicted == 1, view.labels == 1
    named = predicted.astype(np.float64) + positive
    return np.stack([(predicted & positive).astype(np.float64), named], axis=1)


def finish(sums: FloatArray) -> FloatArray:
    """2 TP / (2 TP + FP + FN); NaN where class 1 is neither a label nor a prediction."""
    return quotient(2.0 * sums[..., 0], sums[..., 1])


def flag(view: ModelView) -> Reason | None:
    # Naming every example positive gives F1 = .81 on MRPC.
    return "collapsed" if is_collapsed(view.predicted) else None


metric = SumMetric(card=card_beside(__file__), statistics=statistics, finish=finish, flag=flag)
