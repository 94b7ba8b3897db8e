"""κ of whether an example is one that the perturbation can turn, on any draw, for both models."""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, PerturbedMetric, PerturbedPairView
from xkd_bench.metrics.robustness.flips import flip_statistics, kappa_of_flips


def statistics(view: PerturbedPairView) -> FloatArray:
    """(n, 4): as `flips.flip_statistics`, of one rating an example."""
    student, teacher = (np.asarray(one.flipped.any(axis=1)) for one in (view.student, view.teacher))
    return flip_statistics(student[:, np.newaxis], teacher[:, np.newaxis])


metric = PerturbedMetric(card=card_beside(__file__), statistics=statistics, finish=kappa_of_flips)
