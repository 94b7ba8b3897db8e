"""Which places in an order are possible: rank sets from paired draws, in which what cannot be told apart shares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from xkd_bench.statistics.holm import adjusted

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
    covariance = np.atleast_2d(np.cov(draws))
    variance = np.diag(covariance)
    one, other = np.triu_indices(count, k=1)
    gaps = values[one] - values[other]
    spread = variance[one] + variance[other] - 2.0 * covariance[one, other]
    # What rounding leaves of an exact 0 is no evidence of a spread.
    constant = spread <= 1e-12 * np.maximum(variance[one] + variance[other], 1e-300)
    errors = np.sqrt(np.where(constant, 1.0, spread))
    chances = np.where(constant, np.where(gaps == 0.0, 1.0, 0.0), 2.0 * norm.sf(np.abs(gaps) / errors))
    apart = adjusted(chances) < 1.0 - level
    larger = np.zeros((count, count), dtype=np.bool_)
    larger[one[apart & (gaps > 0)], other[apart & (gaps > 0)]] = True
    larger[other[apart & (gaps < 0)], one[apart & (gaps < 0)]] = True
    return np.column_stack([1 + larger.sum(axis=0), count - larger.sum(axis=1)]).astype(np.int64)
