"""Raw top-1 agreement of student and teacher.

The same number is called label loyalty by Xu et al. (2021) and top-1 agreement by Stanton et al. (2021). It
is not corrected for chance: two models that always say the majority class agree completely.
"""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, PairView, SumMetric
from xkd_bench.metrics.quotient import quotient


def statistics(view: PairView) -> FloatArray:
    """(n, 2): same predicted class or not, 1."""
    same = view.student.predicted == view.teacher.predicted
    return np.stack([same.astype(np.float64), np.ones(len(same))], axis=1)


def finish(sums: FloatArray) -> FloatArray:
    return quotient(sums[..., 0], sums[..., 1])


metric = SumMetric(card=card_beside(__file__), statistics=statistics, finish=finish)
