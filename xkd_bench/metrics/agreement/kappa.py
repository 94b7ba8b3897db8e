"""Cohen's κ of student and teacher: nominal, unweighted, over the task's full set of labels."""

from __future__ import annotations

from typing import Any

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.chance_corrected import kappa_of_sums, rater_statistics
from xkd_bench.metrics.class_counts import is_collapsed
from xkd_bench.metrics.contract import PairView, Reason, SumMetric


def statistics(view: PairView) -> Any:
    """(n, 1 + 2C) sparse: same class or not, student's class, teacher's class."""
    return rater_statistics(view.student.predicted, view.teacher.predicted, view.student.classes)


def flag(view: PairView) -> Reason | None:
    """`collapsed` where a rater says one class for 99 % of the examples or more; a constant one gives 0."""
    collapsed = is_collapsed(view.student.predicted) or is_collapsed(view.teacher.predicted)
    return "collapsed" if collapsed else None


metric = SumMetric(card=card_beside(__file__), statistics=statistics, finish=kappa_of_sums, flag=flag)
