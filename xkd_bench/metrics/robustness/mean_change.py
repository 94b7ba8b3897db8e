"""How far perturbations move a predicted value: the flip rate's counterpart for a regression."""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, PerturbedMetric, PerturbedModelView
from xkd_bench.metrics.quotient import quotient


def statistics(view: PerturbedModelView) -> FloatArray:
    """(n, 2): mean over draws of the absolute change, 1."""
    change = np.abs(view.perturbed - view.plain[:, np.newaxis]).mean(axis=1)
    return np.stack([change, np.ones(len(change))], axis=1)


def finish(sums: FloatArray) -> FloatArray:
    return quotient(sums[..., 0], sums[..., 1])


metric = PerturbedMetric(card=card_beside(__file__), statistics=statistics, finish=finish)
