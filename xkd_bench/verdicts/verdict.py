"""What a difference says: better, worse, equivalent within a margin, or nothing that can be told apart.

    equivalent      the 90 % interval lies inside ±margin: two one-sided tests at 5 % (TOST)
    better, worse   Holm's adjusted p-value is below .05 and the 95 % interval leaves out 0 on that side
    different       the same, where neither direction is the better one
    not separable   none of these

Equivalence goes first: who names a margin says that smaller differences do not matter, be they ever so significant.

Source: Schuirmann (1987), A comparison of the two one-sided tests procedure and the power approach for assessing the
equivalence of average bioavailability, Journal of Pharmacokinetics and Biopharmaceutics 15, 657–680.
"""

from __future__ import annotations

from typing import Literal

from xkd_bench.metrics.contract import Direction

Verdict = Literal["better", "worse", "different", "equivalent", "not separable", "undefined"]
Interval = tuple[float | None, float | None]
SIGNIFICANT = 0.05


def verdict_of(
    direction: Direction, interval: Interval, narrow: Interval, adjusted: float | None, margin: float | None
) -> Verdict:
    """interval: 95 %, narrow: 90 % interval of the difference. adjusted: p-value among those of the family."""
    low, high = interval
    if low is None or high is None or adjusted is None:
        return "undefined"
    if margin is not None and narrow[0] is not None and narrow[1] is not None:
        inside = -margin < narrow[0] and narrow[1] < margin
        if inside:
            return "equivalent"
    if adjusted >= SIGNIFICANT or low <= 0.0 <= high:
        return "not separable"
    if direction == "none":
        return "different"
    return "better" if (low > 0.0) == (direction == "higher") else "worse"
