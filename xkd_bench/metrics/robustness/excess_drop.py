"""How much more of its score the student loses than its teacher, under the same resampling of examples."""

from __future__ import annotations

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, PerturbedScoreMetric
from xkd_bench.metrics.robustness.relative_drop import combine as relative_drop


def combine(
    plain: FloatArray, perturbed: FloatArray, teacher_plain: FloatArray, teacher_perturbed: FloatArray
) -> FloatArray:
    """(…), (…, R) of the student, then of the teacher → (…)."""
    return relative_drop(plain, perturbed) - relative_drop(teacher_plain, teacher_perturbed)


metric = PerturbedScoreMetric(card=card_beside(__file__), combine=combine)
