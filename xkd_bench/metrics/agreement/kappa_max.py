"""The largest κ that the class frequencies of student and teacher allow."""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.agreement.kappa import flag, statistics
from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.chance_corrected import kappa_of_counts, split_rater_sums
from xkd_bench.metrics.contract import FloatArray, SumMetric


def finish(sums: FloatArray) -> FloatArray:
    """κ with p_o = Σ_c min(π_c^S, π_c^T); NaN where κ itself has no value."""
    _, student, teacher = split_rater_sums(sums)
    return kappa_of_counts(np.minimum(student, teacher).sum(axis=-1), student, teacher)


metric = SumMetric(card=card_beside(__file__), statistics=statistics, finish=finish, flag=flag)
