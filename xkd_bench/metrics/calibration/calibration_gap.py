"""How much worse (or, below 0, better) the student is calibrated than its teacher."""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.calibration.bins import BINS, error_of_bins, overconfidence_by_bin
from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, PairView, SumMetric


def statistics(view: PairView) -> FloatArray:
    """(n, 31): binned overconfidence of the student, of the teacher; 1."""
    student, teacher = overconfidence_by_bin(view.student), overconfidence_by_bin(view.teacher)
    return np.column_stack([student, teacher, np.ones(len(student))])


def finish(sums: FloatArray) -> FloatArray:
    student, teacher, n = sums[..., :BINS], sums[..., BINS : 2 * BINS], sums[..., -1]
    return error_of_bins(student, n) - error_of_bins(teacher, n)


metric = SumMetric(card=card_beside(__file__), statistics=statistics, finish=finish)
