"""Which places in an order are possible: rank sets from paired draws, in which what cannot be told apart shares."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr
from scipy.stats import norm

from xkd_bench.statistics.holm import adjusted
from xkd_bench.statistics.seeds import seed_draws

FloatArray = NDArray[np.float64]


def rank_sets(values: FloatArray, draws: FloatArray, level: float = 0.95) -> NDArray[np.int64]:
    """First and last possible place of each of k values, (k, 2); the largest value has place 1.

        z_ij  = (v_i − v_j) / √(C_ii + C_jj − 2 C_ij)
        first = 1 + how many are larger beyond doubt,  last = k − how many are smaller beyond doubt

    values: (k,). draws: (k, r), the same resampling for all, so that column by column they belong together; C is their
    covariance. Beyond doubt: p of the two-sided normal test of z_ij below 1 − level after Holm's correction over all
    k (k − 1) / 2 pairs (`holm`). Hence all sets together hold the true places with probability `level`.

    Two values whose difference does not vary over the draws are told apart when they differ. Raises `ValueError` for
    values or draws that are not finite. Source: Mogstad, Romano, Shaikh, Wilhelm (2024), Inference for ranks with
    applications to mobility across neighbourhoods and academic achievement across countries, Review of Economic Studies
    91, 476–518, with a normal reference in place of their bootstrap.
    """
    if not (np.isfinite(values).all() and np.isfinite(draws).all()):
        raise ValueError("expected finite values and draws: leave out what has none")
    count = len(values)
    if count < 2:
        return np.ones((count, 2), dtype=np.int64)
    one, other = np.triu_indices(count, k=1)
    gaps = values[one] - values[other]
    ratios = _ratios(gaps, _spread(draws, one, other))
    return _sets(count, gaps, 2.0 * norm.sf(ratios), level)


def rank_sets_of_methods(
    methods: Mapping[str, FloatArray], n: Mapping[str, int], seed_words: tuple[str, ...], level: float = 0.95
) -> NDArray[np.int64]:
    """First and last possible place of each of g methods, (g, 2) in their order, by the mean over the seeds of each.

    methods: name → draws, (k, 1 + r) with k ≥ 2 seeds: plain value, then draws of examples shared by all. n: examples.
    As `rank_sets`, with another test of a pair: seeds are drawn as well as examples, and the normal law is Student's
    with Satterthwaite's degrees of freedom, both as in `seeds.seeds_difference`. What a place says holds for the
    methods, trained again, on other examples of the kind. Raises `ValueError` for values that are not finite, or a
    method with one seed.
    """
    draws = list(methods.values())
    if not all(np.isfinite(one).all() and len(one) > 1 for one in draws):
        raise ValueError("expected finite values of two seeds at least: leave out what has none")
    count = len(draws)
    if count < 2:
        return np.ones((count, 2), dtype=np.int64)
    values = np.array([one[:, 0].mean() for one in draws])
    examples = np.stack([one[:, 1:].mean(axis=0) for one in draws])
    drawn = np.stack([seed_draws(found[:, 1:], (name, *seed_words)) for name, found in methods.items()])
    between = np.array([one[:, 0].var(ddof=1) / len(one) for one in draws])
    free = np.array([len(one) - 1 for one in draws])
    examined = np.array([n[name] for name in methods])
    one, other = np.triu_indices(count, k=1)
    gaps = values[one] - values[other]
    among = _spread(examples, one, other)
    below = between[one] ** 2 / free[one] + between[other] ** 2 / free[other]
    below += among**2 / np.maximum(np.minimum(examined[one], examined[other]) - 1, 1)
    total = between[one] + between[other] + among
    degrees = np.where(below > 0, total**2 / np.where(below > 0, below, 1.0), 1e9)
    ratios = _ratios(gaps, _spread(drawn, one, other))
    return _sets(count, gaps, 2.0 * stdtr(np.minimum(degrees, 1e9), -ratios), level)


def _spread(draws: FloatArray, one: NDArray[np.int64], other: NDArray[np.int64]) -> FloatArray:
    """Variance of the difference of each pair of rows; what rounding leaves of an exact 0 is none."""
    covariance = np.atleast_2d(np.cov(draws))
    variance = np.diag(covariance)
    both = variance[one] + variance[other]
    found = both - 2.0 * covariance[one, other]
    return np.where(found <= 1e-12 * np.maximum(both, 1e-300), 0.0, found)


def _ratios(gaps: FloatArray, spread: FloatArray) -> FloatArray:
    """|gap| over its standard error; without a spread, 0 for equals and infinity for others."""
    without = np.where(gaps == 0.0, 0.0, np.inf)
    return np.where(spread == 0.0, without, np.abs(gaps) / np.sqrt(np.where(spread == 0.0, 1.0, spread)))


def _sets(count: int, gaps: FloatArray, p_values: FloatArray, level: float) -> NDArray[np.int64]:
    """Places from the differences of all pairs, in the order of `triu_indices`, and what they may be by chance."""
    one, other = np.triu_indices(count, k=1)
    apart = adjusted(p_values) < 1.0 - level
    larger = np.zeros((count, count), dtype=np.bool_)
    larger[one[apart & (gaps > 0)], other[apart & (gaps > 0)]] = True
    larger[other[apart & (gaps < 0)], one[apart & (gaps < 0)]] = True
    return np.column_stack([1 + larger.sum(axis=0), count - larger.sum(axis=1)]).astype(np.int64)
