"""Pearson correlation from six sums, without losing digits.

Sums of squares lose all digits when the mean is large beside the spread, so values are first taken relative
to their median. The median and not the mean, because it is one of the values: a constant column becomes exact
zeros, and the order of the examples cannot matter. |mean − median| ≤ s.d., so the loss that remains is at
most one bit or so.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xkd_bench.metrics.contract import FloatArray
from xkd_bench.metrics.quotient import quotient

# A resample can consist of one repeated value that is not the median of all; what rounding leaves of its
# variance is no variance. The plain value is never touched by this, its variance being at least half its mean
# square.
_ROUNDING = 1e-10


def lower_median(values: NDArray[Any]) -> float:
    """The middle one of the values, the lower of the two where n is even."""
    middle = (len(values) - 1) // 2
    return float(np.partition(values, middle)[middle])


def power_of_two_above(values: NDArray[Any]) -> float:
    """Smallest power of two above all |values|; 1 where all are 0. Dividing by it is exact."""
    largest = float(np.abs(values).max(initial=0.0))
    return math.ldexp(1.0, math.frexp(largest)[1]) if largest > 0 else 1.0


def deviations(values: NDArray[Any]) -> FloatArray:
    """(n,) values relative to their median, scaled into (−1, 1) by a power of two."""
    centred = np.asarray(values, dtype=np.float64) - lower_median(values)
    return np.asarray(centred / power_of_two_above(centred))


def moment_columns(x: FloatArray, y: FloatArray) -> FloatArray:
    """(n,) and (n,) → (n, 6): 1, x, y, x², y², xy."""
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)


def correlation_statistics(x: NDArray[Any], y: NDArray[Any]) -> FloatArray:
    """Per-example statistics of the Pearson correlation of two (n,) arrays, (n, 6)."""
    return moment_columns(deviations(x), deviations(y))


def scatter(sums: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(…, 6) sums of `moment_columns` → n² var x, n² var y, n² cov(x, y)."""
    n, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    return n * xx - x * x, n * yy - y * y, n * xy - x * y


def correlation(sums: FloatArray) -> FloatArray:
    """Pearson correlation, (…, 6) sums of `correlation_statistics` → (…), NaN where a side is constant."""
    n, xx, yy = sums[..., 0], sums[..., 3], sums[..., 4]
    x_scatter, y_scatter, joint = scatter(sums)
    spread = (x_scatter > _ROUNDING * n * xx) & (y_scatter > _ROUNDING * n * yy)
    scale = np.sqrt(np.where(spread, x_scatter * y_scatter, 0.0))
    return np.clip(quotient(joint, scale), -1.0, 1.0)
