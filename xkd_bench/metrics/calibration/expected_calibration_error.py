"""Expected calibration error over 15 equal-width bins of confidence."""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.calibration.bins import error_of_bins, overconfidence_by_bin
from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, ModelView, SumMetric


def statistics(view: ModelView) -> FloatArray:
    """(n, 16): confidence − (predicted correctly) in the column of the example's bin; 1."""
    columns = overconfidence_by_bin(view)
    return np.column_stack([columns, np.ones(len(columns))])


def finish(sums: FloatArray) -> FloatArray:
    return error_of_bins(sums[..., :-1], sums[..., -1])


metric = SumMetric(card=card_beside(__file__), statistics=statistics, finish=finish)
