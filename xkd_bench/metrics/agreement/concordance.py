"""Lin's concordance of the values student and teacher predict: correlation that pays for shift and scale."""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.class_counts import is_constant
from xkd_bench.metrics.contract import FloatArray, PairView, Reason, SumMetric
from xkd_bench.metrics.moments import lower_median, moment_columns, power_of_two_above, scatter
from xkd_bench.metrics.quotient import quotient


def statistics(view: PairView) -> FloatArray:
    """(n, 7): moments of the two values about their medians, the distance of the medians; on one scale."""
    student, teacher = view.student.values, view.teacher.values
    s, t = student - lower_median(student), teacher - lower_median(teacher)
    shift = np.full(len(s), lower_median(student) - lower_median(teacher))
    scale = power_of_two_above(np.concatenate([s, t, shift]))
    return np.column_stack([moment_columns(s / scale, t / scale), shift / scale])


def finish(sums: FloatArray) -> FloatArray:
    """2 cov / (var_S + var_T + (mean_S − mean_T)²), variances with 1/n; NaN for the same constant twice."""
    student, teacher, joint = scatter(sums[..., :6])
    difference = sums[..., 1] - sums[..., 2] + sums[..., 6]
    return np.clip(quotient(2.0 * joint, student + teacher + difference * difference), -1.0, 1.0)


def flag(view: PairView) -> Reason | None:
    """`collapsed` where a side is constant, which gives exactly 0."""
    constant = is_constant(view.student.values) or is_constant(view.teacher.values)
    return "collapsed" if constant else None


metric = SumMetric(card=card_beside(__file__), statistics=statistics, finish=finish, flag=flag)
