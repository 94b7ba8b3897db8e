"""Two raters of the same examples: the sums every chance-corrected agreement is made of, and Cohen's κ.

The statistics are the marginals, 1 + 2C columns, not the C × C confusion matrix: κ and the multi-class
Matthews correlation need nothing else, and a hundred classes stay small.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from xkd_bench.metrics.class_counts import one_hot
from xkd_bench.metrics.contract import FloatArray
from xkd_bench.metrics.quotient import quotient


def rater_statistics(first: NDArray[Any], second: NDArray[Any], classes: int) -> Any:
    """(n,) and (n,) class indices → (n, 1 + 2C): equal or not, class of the first, class of the second."""
    equal = csr_array((first == second).astype(np.float64)[:, np.newaxis])
    return hstack([equal, one_hot(first, classes), one_hot(second, classes)], format="csr")


def split_rater_sums(sums: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(…, 1 + 2C) sums → equal ratings (…), class counts of the first (…, C) and of the second (…, C)."""
    classes = (sums.shape[-1] - 1) // 2
    return sums[..., 0], sums[..., 1 : 1 + classes], sums[..., 1 + classes :]


def kappa_of_counts(equal: Any, first: FloatArray, second: FloatArray) -> FloatArray:
    """κ = (p_o − p_e) / (1 − p_e), p_e = Σ_c π_c^first π_c^second; NaN where p_e = 1 or nothing was counted.

    equal (…) is the number of equal ratings (or its expectation), first and second (…, C) the class counts.
    Multiplied out by n², numerator and denominator are whole numbers: a constant rater gives exactly 0 and
    equal raters exactly 1.
    """
    n = first.sum(axis=-1)
    by_chance = (first * second).sum(axis=-1)
    return quotient(n * equal - by_chance, n * n - by_chance)


def kappa_of_sums(sums: FloatArray) -> FloatArray:
    """Cohen's κ of summed `rater_statistics`, (…, 1 + 2C) → (…)."""
    return kappa_of_counts(*split_rater_sums(sums))
