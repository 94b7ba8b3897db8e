"""The smallest difference a set of examples can show."""

from __future__ import annotations

from scipy.special import ndtri

LEVEL = 0.95
POWER = 0.8


def smallest_difference(standard_error: float, level: float = LEVEL, power: float = POWER) -> float:
    """(z_{(1+level)/2} + z_power) · standard error: 2.80 standard errors at 95 % and 80 %.

    A true difference of this size makes the interval of the measured one leave out 0 with the given power.
    Source: Bloom (1995), Minimum detectable effects, Evaluation Review 19, 547–556.
    """
    return float(ndtri((1.0 + level) / 2.0) + ndtri(power)) * standard_error
