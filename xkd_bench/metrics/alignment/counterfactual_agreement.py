"""Does taking a unit away move both models' values in the same direction?"""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.alignment.effects import effect_signs
from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import CoalitionMetric, CoalitionView


def per_example(view: CoalitionView) -> float:
    """Share of units whose removal has the same sign, over the maskings that take out one unit.

    No effect agrees with no effect, and disagrees with any. Units without such a masking are left out; NaN with none.
    """
    one_out = view.masks.sum(axis=1) == view.masks.shape[1] - 1
    teacher, student = effect_signs(view, one_out)
    return float(np.mean(teacher == student)) if one_out.any() else float("nan")


metric = CoalitionMetric(card=card_beside(__file__), per_example=per_example)
