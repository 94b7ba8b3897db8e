"""Sums whose last bit depends neither on the order of the terms nor on the number of threads."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def column_sums(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correctly rounded sum of each column, (n, k) → (k,). Whole numbers need no care."""
    sums = columns.sum(axis=0)
    for k in np.flatnonzero((columns != np.rint(columns)).any(axis=0)):
        sums[k] = math.fsum(columns[:, k])
    return np.asarray(sums)


def summable(columns: NDArray[np.float64], largest_total_weight: int) -> NDArray[np.float64]:
    """Columns (n, k) rounded so that every sum with whole-number weights is exact, whatever the order.

    Each value becomes a multiple of a power of two u with total weight · max|value| ≤ 2⁵² u. Then every
    partial sum is a whole multiple of u below 2⁵³ u, which a float64 holds exactly. Whole numbers are left as
    they are; other values move by less than 2⁻⁵² · total weight · max|value|, far below the 9 digits an
    interval is given to.
    """
    bound = largest_total_weight * np.abs(columns).max(axis=0, initial=0.0)
    unit = np.ldexp(1.0, np.frexp(bound)[1] - 52)
    return np.asarray(np.rint(columns / unit) * unit)
