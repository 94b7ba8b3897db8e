"""Do two models answer alike when words are taken away? Read from the table of maskings, without any explainer.

masks: (m, n), True where the unit is kept; values_teacher, values_student: (m,), the explained scalar of both models.
A difference of at most `TIE` · (1 + |f(x)|) is none: rounding of 32-bit logits is no effect of a word.
"""

from __future__ import annotations

import numpy as np

from xkd_bench.explainers.coalitions import BoolArray, FloatArray, kept_all, kept_none
from xkd_bench.explainers.occlusion import occlusion_effects

TIE = 1e-6


def coalition_fidelity(values_teacher: FloatArray, values_student: FloatArray) -> float:
    """Pearson correlation of the two models' values over the maskings, exactly 1 for equal values.

    NaN where one of them is constant, or with fewer than two maskings.
    """
    return correlation(values_teacher, values_student)


def counterfactual_agreement(masks: BoolArray, values_teacher: FloatArray, values_student: FloatArray) -> float:
    """Share of units whose removal moves both models' values in the same direction, over the single-unit-out rows.

    No effect agrees with no effect, and disagrees with any. Units without such a row are left out; NaN with none.
    """
    teacher, student = (_signs(masks, values) for values in (values_teacher, values_student))
    known = ~np.isnan(teacher)
    return float(np.mean(teacher[known] == student[known])) if known.any() else float("nan")


def contrast_mismatch(masks: BoolArray, values_teacher: FloatArray, values_student: FloatArray) -> bool:
    """Whether f(x) − f(∅) has opposite signs in the two models: their attributions, which sum to it in Shapley
    values, then disagree before any word is looked at. No difference is opposite to none."""
    full, empty = kept_all(masks), kept_none(masks)
    teacher, student = (
        _sign(np.asarray(values[full] - values[empty]), values[full]) for values in (values_teacher, values_student)
    )
    return bool(teacher * student < 0)


def reliability(first: FloatArray, second: FloatArray) -> float:
    """2r / (1 + r), r the Pearson correlation of attributions from two halves of a sample: the correlation two whole
    samples would have (Spearman 1910, Brown 1910). NaN where r is not defined or −1."""
    r = correlation(first, second)
    return 2 * r / (1 + r) if r > -1 else float("nan")


def correlation(first: FloatArray, second: FloatArray) -> float:
    """Pearson correlation, clipped to [−1, 1]; NaN for a constant (to 12 digits) or fewer than two numbers."""
    if len(first) < 2 or _is_constant(first) or _is_constant(second):
        return float("nan")
    a, b = _centred(first), _centred(second)
    return float(np.clip((a @ b) / np.sqrt((a @ a) * (b @ b)), -1.0, 1.0))


def _centred(values: FloatArray) -> FloatArray:
    """Deviations from the mean in units of the largest, so that no square is too small or too large to be held."""
    deviations = np.asarray(values, dtype=np.float64) - np.mean(values, dtype=np.float64)
    return np.asarray(deviations / np.abs(deviations).max())


def _is_constant(values: FloatArray) -> bool:
    return bool(np.ptp(values) <= 1e-12 * np.abs(values).max())


def _signs(masks: BoolArray, values: FloatArray) -> FloatArray:
    return _sign(occlusion_effects(masks, values), values[kept_all(masks)])


def _sign(effects: FloatArray, at_input: float) -> FloatArray:
    return np.asarray(np.where(np.abs(effects) <= TIE * (1 + abs(at_input)), 0.0, np.sign(effects)))
