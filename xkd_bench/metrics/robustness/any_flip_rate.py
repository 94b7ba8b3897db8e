"""Any-flip rate: how many examples a perturbation turns on at least one draw. It grows with the number of draws."""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, PerturbedMetric, PerturbedModelView
from xkd_bench.metrics.quotient import quotient


def statistics(view: PerturbedModelView) -> FloatArray:
    """(n, 2): whether any draw flips the answer, 1."""
    any_flip = np.asarray(view.flipped.any(axis=1))
    return np.stack([any_flip, np.ones(len(any_flip))], axis=1).astype(np.float64)


def finish(sums: FloatArray) -> FloatArray:
    return quotient(sums[..., 0], sums[..., 1])


metric = PerturbedMetric(card=card_beside(__file__), statistics=statistics, finish=finish)
