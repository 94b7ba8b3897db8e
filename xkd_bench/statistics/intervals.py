"""Percentile intervals of resampled values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MISSING_ALLOWED = 0.05
DIGITS = 9


def percentile_interval(values: NDArray[np.float64], level: float = 0.95) -> tuple[float | None, float | None]:
    """The (1 ∓ level)/2 quantiles of the finite ones of (r,) values, linear between order statistics.

    (None, None) where there are no values, or more than 5 % of them are NaN or infinite: what is left would
    be an interval of the luckier resamples. Ends are rounded to 9 significant digits, beyond which processors
    differ.
    """
    finite = values[np.isfinite(values)]
    if len(finite) == 0 or len(values) - len(finite) > MISSING_ALLOWED * len(values):
        return None, None
    low, high = np.quantile(finite, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return significant(float(low)), significant(float(high))


def significant(value: float, digits: int = DIGITS) -> float:
    """`value` rounded to `digits` significant decimal digits; never −0."""
    return float(f"{value:.{digits}g}") + 0.0
