"""Whether perturbations move both models' values alike: flip-κ's counterpart for a regression."""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, PerturbedMetric, PerturbedPairView
from xkd_bench.metrics.moments import correlation, correlation_statistics


def statistics(view: PerturbedPairView) -> FloatArray:
    """(n, 6): the moments of both changes, summed over the draws."""
    n, draws = view.student.perturbed.shape
    student, teacher = (one.perturbed - one.plain[:, np.newaxis] for one in (view.student, view.teacher))
    moments = correlation_statistics(student.ravel(), teacher.ravel())
    return np.asarray(moments.reshape(n, draws, -1).sum(axis=1))


metric = PerturbedMetric(card=card_beside(__file__), statistics=statistics, finish=correlation)
