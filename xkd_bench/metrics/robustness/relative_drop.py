"""The drop as a share of what there was to lose."""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, PerturbedScoreMetric
from xkd_bench.metrics.quotient import quotient

LEAST_SCORE = 0.05  # below it the quotient is of noise


def combine(plain: FloatArray, perturbed: FloatArray) -> FloatArray:
    """(…), (…, R) → (…), NaN where there was next to nothing to lose."""
    drop = quotient(plain - perturbed.mean(axis=-1), plain)
    return np.where(plain > LEAST_SCORE, drop, np.nan)


metric = PerturbedScoreMetric(card=card_beside(__file__), combine=combine)
