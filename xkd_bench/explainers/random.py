"""Random scores: a control that looks at nothing."""

from __future__ import annotations

from xkd_bench.explainers.cards import card_beside
from xkd_bench.explainers.coalitions import FloatArray
from xkd_bench.explainers.contract import SeededExplainer
from xkd_bench.randomness import generator


def random_scores(n: int, words: tuple[object, ...]) -> FloatArray:
    """n independent standard normal numbers, a function of `words` alone; (n,)."""
    return generator("random explainer", *words).standard_normal(n)


explainer = SeededExplainer(card=card_beside(__file__), explain=random_scores)
