"""Share of units that speak for the class, against it, or not at all in both explanations."""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, SimilarityMetric


def similarity(teacher: FloatArray, student: FloatArray) -> FloatArray:
    """(p, n) and (p, n) → (p,); NaN where a row is all zeros."""
    has_value = teacher.any(axis=-1) & student.any(axis=-1)
    return np.where(has_value, (np.sign(teacher) == np.sign(student)).mean(axis=-1), np.nan)


metric = SimilarityMetric(card=card_beside(__file__), similarity=similarity)
