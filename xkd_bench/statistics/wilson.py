"""Wilson's interval of a proportion, which holds where the bootstrap has nothing to draw from: near 0 and 1."""

from __future__ import annotations

import math

from scipy.special import ndtri

from xkd_bench.statistics.intervals import significant

EDGE = 10  # successes or failures below which a proportion counts as being at the edge


def wilson_interval(successes: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Centre (p + z²/2n) / (1 + z²/n), half width z √(p(1 − p)/n + z²/4n²) / (1 + z²/n), with p = successes / n.

    Source: Wilson (1927), Probable inference, the law of succession, and statistical inference, Journal of the
    American Statistical Association 22, 209–212. Raises `ValueError` unless 0 ≤ successes ≤ n and n > 0.
    """
    if not 0 <= successes <= n or n <= 0:
        raise ValueError(f"expected 0 ≤ successes ≤ n and n > 0, found {successes} of {n}")
    z, p = float(ndtri((1.0 + level) / 2.0)), successes / n
    centre = p + z * z / (2.0 * n)
    half = z * math.sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n))
    whole = 1.0 + z * z / n
    # At the edge itself the formula is exact up to rounding only.
    low = 0.0 if successes == 0 else (centre - half) / whole
    high = 1.0 if successes == n else (centre + half) / whole
    return significant(low), significant(high)


def at_the_edge(successes: float, n: float) -> bool:
    """Whether fewer than `EDGE` examples succeed, or fewer fail."""
    return min(successes, n - successes) < EDGE
