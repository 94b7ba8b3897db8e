"""What a perturbation costs in the headline score."""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, PerturbedScoreMetric


def combine(plain: FloatArray, perturbed: FloatArray) -> FloatArray:
    """(…), (…, R) → (…)."""
    return np.asarray(plain - perturbed.mean(axis=-1))


metric = PerturbedScoreMetric(card=card_beside(__file__), combine=combine)
