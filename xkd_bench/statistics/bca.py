"""Bias-corrected and accelerated bootstrap intervals (BCa)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from xkd_bench.statistics.intervals import MISSING_ALLOWED, percentile_interval, significant


def acceleration(jackknife: NDArray[np.float64]) -> float:
    """a = Σ d³ / (6 (Σ d²)^{3/2}) with d = mean − value, over (G,) values that each leave a group out.

    0 where they are all equal, or where one has no value.
    """
    d = jackknife.mean() - jackknife if len(jackknife) else jackknife
    square = float((d**2).sum())
    if not math.isfinite(square) or square == 0.0:
        return 0.0
    return float((d**3).sum() / (6.0 * square * math.sqrt(square)))


def bca_interval(
    value: float, draws: NDArray[np.float64], jackknife: NDArray[np.float64], level: float = 0.95
) -> tuple[float | None, float | None]:
    """The BCa interval of a value with its bootstrap draws (r,) and its values without each group (G,).

    With z₀ = Φ⁻¹(share of draws below the value, equal ones half) and the acceleration a, the ends are the quantiles

        α' = Φ( z₀ + (z₀ + z_α) / (1 − a (z₀ + z_α)) )

    of the draws. (None, None) as in `percentile_interval`; the percentile interval itself where z₀ is infinite, which
    is where every draw lies on one side of the value, or where the denominator is not positive.

    Source: Efron (1987), Better bootstrap confidence intervals, Journal of the American Statistical Association 82,
    171–185; with z₀ of ties as in scipy.stats.bootstrap.
    """
    finite = draws[np.isfinite(draws)]
    if not math.isfinite(value) or len(finite) == 0 or len(draws) - len(finite) > MISSING_ALLOWED * len(draws):
        return None, None
    share = ((finite < value).sum() + 0.5 * (finite == value).sum()) / len(finite)
    z0, a = float(ndtri(share)), acceleration(jackknife)
    if not math.isfinite(z0):
        return percentile_interval(draws, level)
    z = z0 + ndtri(np.array([(1.0 - level) / 2.0, (1.0 + level) / 2.0]))
    if (1.0 - a * z <= 0.0).any():
        return percentile_interval(draws, level)
    low, high = np.quantile(finite, ndtr(z0 + z / (1.0 - a * z)))
    return significant(float(low)), significant(float(high))
