"""Matthews correlation in its multi-class form: the correlation of predicted and true class indicators."""

from __future__ import annotations

from typing import Any

import numpy as np

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.chance_corrected import rater_statistics, split_rater_sums
from xkd_bench.metrics.class_counts import is_collapsed, is_constant
from xkd_bench.metrics.contract import FloatArray, ModelView, Reason, SumMetric
from xkd_bench.metrics.quotient import quotient


def statistics(view: ModelView) -> Any:
    """(n, 1 + 2C) sparse: predicted correctly or not, predicted class, label."""
    return rater_statistics(view.predicted, view.labels, view.classes)


def finish(sums: FloatArray) -> FloatArray:
    """(n c − Σ_k p_k t_k) / √((n² − Σ p_k²) (n² − Σ t_k²)); 0 where a factor is 0, NaN where n is.

    Of the n examples c are predicted correctly; p_k predictions and t_k labels are of class k.
    """
    correct, predicted, true = split_rater_sums(sums)
    n = predicted.sum(axis=-1)
    joint = n * correct - (predicted * true).sum(axis=-1)
    spread = (n * n - (predicted * predicted).sum(axis=-1)) * (n * n - (true * true).sum(axis=-1))
    value = np.where(spread > 0, np.clip(quotient(joint, np.sqrt(spread)), -1.0, 1.0), 0.0)
    return np.where(n > 0, value, np.nan)


def flag(view: ModelView) -> Reason | None:
    return "collapsed" if is_collapsed(view.predicted) or is_constant(view.labels) else None


metric = SumMetric(card=card_beside(__file__), statistics=statistics, finish=finish, flag=flag)
