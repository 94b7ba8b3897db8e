"""Flip-κ: whether both models flip on the same inputs, beyond what their flip rates give by chance."""

from __future__ import annotations

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, PerturbedMetric, PerturbedPairView
from xkd_bench.metrics.robustness.flips import flip_statistics, kappa_of_flips


def statistics(view: PerturbedPairView) -> FloatArray:
    """(n, 4), over the draws: as `flips.flip_statistics`."""
    return flip_statistics(view.student.flipped, view.teacher.flipped)


metric = PerturbedMetric(card=card_beside(__file__), statistics=statistics, finish=kappa_of_flips)
