"""Probability loyalty: 1 − the Jensen–Shannon distance of the student's and the teacher's probabilities.

Natural logarithm, as the authors' implementation (`scipy.spatial.distance.jensenshannon`, which is the square
root): the lowest value is 1 − √(ln 2) ≈ 0.167. With base 2 the distance would be 1/√(ln 2) ≈ 1.2 times as
large.
"""

from __future__ import annotations

import numpy as np
from scipy.special import xlog1py

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, PairView, SumMetric
from xkd_bench.metrics.quotient import quotient


def jensen_shannon(p: FloatArray, q: FloatArray) -> FloatArray:
    """Jensen–Shannon divergence in nats of two (n, C) arrays of probabilities, (n,).

    With m = (p + q)/2 and u = (p − q)/(p + q) it is ½ Σ m [(1 + u) log(1 + u) + (1 − u) log(1 − u)]. For
    small u the bracket is written log(1 − u²) + 2u artanh u, since its two terms cancel: nearly equal p and q
    would leave pure rounding, whose square root is as large as 1e-8.
    """
    total = p + q
    u = np.divide(p - q, total, out=np.zeros_like(total), where=total > 0)
    near = np.where(np.abs(u) < 0.5, u, 0.0)
    bracket = np.where(
        np.abs(u) < 0.5,
        np.log1p(-near * near) + 2.0 * near * np.arctanh(near),
        xlog1py(1.0 + u, u) + xlog1py(1.0 - u, -u),
    )
    return np.asarray(0.25 * (total * bracket).sum(axis=1))


def statistics(view: PairView) -> FloatArray:
    """(n, 2): 1 − √JS, 1."""
    divergence = jensen_shannon(view.teacher.probabilities, view.student.probabilities)
    return np.stack([1.0 - np.sqrt(divergence), np.ones(len(divergence))], axis=1)


def finish(sums: FloatArray) -> FloatArray:
    return quotient(sums[..., 0], sums[..., 1])


metric = SumMetric(card=card_beside(__file__), statistics=statistics, finish=finish)
