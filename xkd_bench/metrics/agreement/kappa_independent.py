"""The κ that two models of this quality would have if their errors were independent given the label.

A reference for reading κ: what the student's own right answers alone would give. Each model is counted
against the labels in its own view, so the reference stands even where the rows of the two are out of step and
κ is destroyed.
"""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np
from scipy.sparse import hstack

from xkd_bench.metrics.agreement.kappa import flag
from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.chance_corrected import kappa_of_counts
from xkd_bench.metrics.class_counts import one_hot
from xkd_bench.metrics.contract import FloatArray, ModelView, PairView, SumMetric
from xkd_bench.metrics.quotient import quotient


def _confusion(view: ModelView) -> Any:
    joint = view.labels.astype(np.int64) * view.classes + view.predicted
    return one_hot(joint, view.classes**2)


def statistics(view: PairView) -> Any:
    """(n, 2C²) sparse, two entries a row: (label, prediction) of the student, the same of the teacher."""
    return hstack([_confusion(view.student), _confusion(view.teacher)], format="csr")


def finish(sums: FloatArray) -> FloatArray:
    """κ with p_o = Σ_y P(y) Σ_c P_S(c|y) P_T(c|y); NaN where κ itself has no value."""
    classes = isqrt(sums.shape[-1] // 2)
    both = sums.reshape(*sums.shape[:-1], 2, classes, classes)
    student, teacher = both[..., 0, :, :], both[..., 1, :, :]
    same = np.einsum("...yc,...yc->...y", student, teacher)
    # P(y) is n_y/n, which cancels the teacher's n_y; a label that does not occur adds nothing.
    equal = np.nan_to_num(quotient(same, student.sum(axis=-1))).sum(axis=-1)
    return kappa_of_counts(equal, student.sum(axis=-2), teacher.sum(axis=-2))


metric = SumMetric(card=card_beside(__file__), statistics=statistics, finish=finish, flag=flag)
