"""Does the input move the two models in opposite directions from the empty input?

Shapley values sum to f(x) − f(∅): where it has opposite signs, the attributions disagree before any unit is looked at.
"""

from __future__ import annotations

from xkd_bench.metrics.alignment.effects import effect_signs
from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import CoalitionMetric, CoalitionView


def per_example(view: CoalitionView) -> float:
    """1 where f(x) − f(∅) has opposite signs in the two models, else 0. No difference is opposite to none."""
    teacher, student = effect_signs(view, view.empty)
    return float(teacher * student < 0)


metric = CoalitionMetric(card=card_beside(__file__), per_example=per_example)
