"""The whole local behaviour, no explainer at all: do both models' values rise and fall together over the maskings?"""

from __future__ import annotations

from xkd_bench.metrics.alignment.vectors import correlation
from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import CoalitionMetric, CoalitionView


def per_example(view: CoalitionView) -> float:
    """Pearson correlation over the maskings, exactly 1 for equal values; NaN where a model's values are constant."""
    return float(correlation(view.teacher, view.student))


metric = CoalitionMetric(card=card_beside(__file__), per_example=per_example)
