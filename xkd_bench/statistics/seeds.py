"""Seeds as a second level: what can be said of two methods of which several students were trained.

An interval over examples is about these checkpoints. Of methods it says nothing: train again, and another student
stands there. With k students of each method the seeds are drawn as well, and with few of them little can be shown.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from xkd_bench.randomness import generator
from xkd_bench.statistics.intervals import significant

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class SeedsDifference:
    """The difference of two methods' means over their seeds, with a standard error, degrees of freedom, and the
    interval and p-value of Student's t with them."""

    value: float
    standard_error: float
    degrees: float
    low: float | None
    high: float | None
    p_value: float | None

    def interval(self, level: float) -> tuple[float | None, float | None]:
        return _interval(self.value, self.standard_error, self.degrees, level)


def seed_draws(draws: FloatArray, seed_words: tuple[str, ...]) -> FloatArray:
    """Draws of a method's mean over k seeds and the examples, (k, r) → (r,); row s holds the draws of seed s.

    With each draw of examples k seeds are drawn as well. Their mean strays too little from that of all k, by
    (k − 1)/k in variance, so how far it strays is multiplied by √(k/(k − 1)). With one seed nothing is added.
    """
    k, r = draws.shape
    mean = draws.mean(axis=0)
    if k == 1:
        return np.asarray(mean)
    raw = generator("seeds", *seed_words).bit_generator.random_raw(k * r)
    chosen = ((raw >> np.uint64(11)) * (k * 2.0**-53)).astype(np.int64).reshape(k, r)
    strayed = np.take_along_axis(draws, chosen, axis=0).mean(axis=0) - mean
    return np.asarray(mean + math.sqrt(k / (k - 1)) * strayed)


def seeds_difference(
    first: FloatArray, second: FloatArray, n: int, seed_words: tuple[str, ...], level: float = 0.95
) -> SeedsDifference:
    """second − first of two methods. first (k, 1 + r), second (k', 1 + r): plain value, then draws of examples shared
    by all rows. n: examples.

    The standard error is that of draws of seeds × examples, and with one seed of a method its seeds are not in it. The
    degrees of freedom are Satterthwaite's: with v_A, v_B the variances of the two means over seeds and v_E that over
    examples,  (v_A + v_B + v_E)² / (v_A²/(k − 1) + v_B²/(k' − 1) + v_E²/(n − 1)).

    Source: Satterthwaite (1946), An approximate distribution of estimates of variance components, Biometrics 2,
    110–114; crossed bootstrap: Owen (2007), The pigeonhole bootstrap, Annals of Applied Statistics 1, 386–411.
    """
    value = float(second[:, 0].mean() - first[:, 0].mean())
    drawn = seed_draws(second[:, 1:], ("second", *seed_words)) - seed_draws(first[:, 1:], ("first", *seed_words))
    examples = second[:, 1:].mean(axis=0) - first[:, 1:].mean(axis=0)
    error = float(drawn.std(ddof=1)) if drawn.shape[0] > 1 else math.nan
    parts = [(float(examples.var(ddof=1)), n - 1)]
    parts += [(float(one[:, 0].var(ddof=1)) / len(one), len(one) - 1) for one in (first, second) if len(one) > 1]
    below = sum(variance**2 / degrees for variance, degrees in parts if degrees > 0)
    degrees = sum(variance for variance, _ in parts) ** 2 / below if below > 0 else math.inf
    low, high = _interval(value, error, degrees, level)
    return SeedsDifference(value, error, degrees, low, high, _p_value(value, error, degrees))


def seeds_mean(draws: FloatArray, n: int, seed_words: tuple[str, ...], level: float = 0.95) -> SeedsDifference:
    """The mean of a method over its k seeds, as its difference from 0: draws (k, 1 + r) as in `seeds_difference`."""
    return seeds_difference(np.zeros((1, draws.shape[1])), draws, n, seed_words, level)


def sign_flip_p_value(differences: FloatArray) -> float:
    """Exact two-sided p-value of k paired differences: the share of the 2ᵏ choices of signs whose |mean| is at least
    the observed one.

    Source: Fisher (1935), The design of experiments, § 21.
    """
    signs = np.array(list(itertools.product((1.0, -1.0), repeat=len(differences))))
    means = np.abs(signs @ differences)
    return float((means >= means[0] - 1e-12 * max(1.0, means[0])).mean())


def smallest_p_value(k: int) -> float:
    """The smallest p-value the sign-flip test of k pairs can give: 2^(1 − k); 1, 1/4 and 1/32 with 1, 3 and 6."""
    return 2.0 ** (1 - k)


def _interval(value: float, error: float, degrees: float, level: float) -> tuple[float | None, float | None]:
    if not math.isfinite(value) or not math.isfinite(error):
        return None, None
    half = float(stdtrit(min(degrees, 1e9), (1.0 + level) / 2.0)) * error
    return significant(value - half), significant(value + half)


def _p_value(value: float, error: float, degrees: float) -> float | None:
    if not math.isfinite(value) or not math.isfinite(error):
        return None
    if error == 0.0:
        return 1.0 if value == 0.0 else 0.0
    return min(1.0, 2.0 * float(stdtr(min(degrees, 1e9), -abs(value) / error)))
