"""Kullback–Leibler divergence of the student's class probabilities from the teacher's, in nats."""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, PairView, SumMetric
from xkd_bench.metrics.quotient import quotient


def statistics(view: PairView) -> FloatArray:
    """(n, 2): Σ_c p^T (log p^T − log p^S), 1. From log-softmax: finite even where a probability is 0."""
    teacher, student = view.teacher.log_probabilities, view.student.log_probabilities
    divergence = (np.exp(teacher) * (teacher - student)).sum(axis=1)
    return np.stack([divergence, np.ones(len(divergence))], axis=1)


def finish(sums: FloatArray) -> FloatArray:
    # Rounding can leave −1e-17 for two nearly equal models; the divergence cannot be negative.
    return np.maximum(quotient(sums[..., 0], sums[..., 1]), 0.0)


metric = SumMetric(card=card_beside(__file__), statistics=statistics, finish=finish)
