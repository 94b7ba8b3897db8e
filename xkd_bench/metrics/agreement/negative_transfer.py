"""Negative transfer: does the student follow its teacher more where it is wrong than where it is right?

Both sides are corrected for chance. The raw share of copied mistakes says little: it is high for a student
that always says the majority class.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import hstack

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.chance_corrected import kappa_of_sums, rater_statistics
from xkd_bench.metrics.class_counts import is_constant
from xkd_bench.metrics.contract import FloatArray, PairView, Reason, SumMetric


def statistics(view: PairView) -> Any:
    """(n, 2 (1 + 2C)) sparse: those of κ where the teacher is wrong, those where it is right; else zeros."""
    both = rater_statistics(view.student.predicted, view.teacher.predicted, view.student.classes)
    wrong = (view.teacher.predicted != view.teacher.labels).astype(np.float64)[:, np.newaxis]
    return hstack([both.multiply(wrong), both.multiply(1.0 - wrong)], format="csr")


def finish(sums: FloatArray) -> FloatArray:
    """κ where the teacher is wrong − κ where it is right; NaN where either has no value."""
    half = sums.shape[-1] // 2
    return kappa_of_sums(sums[..., :half]) - kappa_of_sums(sums[..., half:])


def flag(view: PairView) -> Reason | None:
    """`collapsed` where a rater is constant on one of the two sides, so that κ there is 0 of necessity."""
    wrong = view.teacher.predicted != view.teacher.labels
    sides = [model.predicted[side] for model in (view.student, view.teacher) for side in (wrong, ~wrong)]
    return "collapsed" if any(map(is_constant, sides)) else None


metric = SumMetric(card=card_beside(__file__), statistics=statistics, finish=finish, flag=flag)
