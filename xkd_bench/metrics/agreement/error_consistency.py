"""Error consistency: κ of the two vectors that say which examples each model gets right."""

from __future__ import annotations

from typing import Any

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.chance_corrected import kappa_of_sums, rater_statistics
from xkd_bench.metrics.class_counts import is_constant
from xkd_bench.metrics.contract import PairView, Reason, SumMetric


def statistics(view: PairView) -> Any:
    """(n, 5) sparse: both right or both wrong, student wrong, right, teacher wrong, right."""
    student = view.student.predicted == view.student.labels
    teacher = view.teacher.predicted == view.teacher.labels
    return rater_statistics(student, teacher, 2)


def flag(view: PairView) -> Reason | None:
    """`collapsed` where one model is always right or always wrong."""
    sides = (model.predicted == model.labels for model in (view.student, view.teacher))
    return "collapsed" if any(map(is_constant, sides)) else None


metric = SumMetric(card=card_beside(__file__), statistics=statistics, finish=kappa_of_sums, flag=flag)
