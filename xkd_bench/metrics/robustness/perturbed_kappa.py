"""Cohen's κ of student and teacher on perturbed inputs, every draw of every example a rating."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.chance_corrected import kappa_of_sums, rater_statistics
from xkd_bench.metrics.contract import PerturbedMetric, PerturbedPairView


def statistics(view: PerturbedPairView) -> Any:
    """(n, 1 + 2C) sparse, summed over the draws: same class, student's class, teacher's class."""
    n, draws = view.student.perturbed.shape
    ratings = rater_statistics(view.student.perturbed.ravel(), view.teacher.perturbed.ravel(), view.student.classes)
    of_example = csr_array((np.ones(n * draws), np.arange(n * draws), np.arange(n + 1) * draws), shape=(n, n * draws))
    return (of_example @ ratings).tocsr()


metric = PerturbedMetric(card=card_beside(__file__), statistics=statistics, finish=kappa_of_sums)
