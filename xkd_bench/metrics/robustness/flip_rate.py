"""Flip rate: how often a perturbation changes a model's answer."""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, PerturbedMetric, PerturbedModelView
from xkd_bench.metrics.quotient import quotient


def statistics(view: PerturbedModelView) -> FloatArray:
    """(n, 2): draws on which the answer flips, draws."""
    flipped = view.flipped
    return np.stack([flipped.sum(axis=1), np.full(len(flipped), flipped.shape[1])], axis=1).astype(np.float64)


def finish(sums: FloatArray) -> FloatArray:
    return quotient(sums[..., 0], sums[..., 1])


metric = PerturbedMetric(card=card_beside(__file__), statistics=statistics, finish=finish)
