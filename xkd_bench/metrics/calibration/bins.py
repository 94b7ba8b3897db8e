"""Confidence bins: the sums that expected calibration error is made of."""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.contract import FloatArray, ModelView
from xkd_bench.metrics.quotient import quotient

BINS = 15


def confidence(view: ModelView) -> FloatArray:
    """Probability of the predicted class, (n,)."""
    return np.asarray(view.probabilities.max(axis=1))


def overconfidence_by_bin(view: ModelView) -> FloatArray:
    """(n, 15): confidence − (predicted correctly), in the column of the example's bin.

    Equal-width bins, the b-th being (b/15, (b+1)/15].
    """
    sure = confidence(view)
    correct = view.predicted == view.labels
    bins = np.searchsorted(np.linspace(0.0, 1.0, BINS + 1)[1:-1], sure)
    columns = np.zeros((len(sure), BINS))
    columns[np.arange(len(sure)), bins] = sure - correct
    return columns


def error_of_bins(sums: FloatArray, n: FloatArray) -> FloatArray:
    """Σ_b |summed overconfidence of bin b| / n; (…, 15) and (…) → (…)."""
    return quotient(np.abs(sums).sum(axis=-1), n)
