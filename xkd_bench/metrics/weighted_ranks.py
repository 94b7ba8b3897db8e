"""Spearman's ρ under example weights: the value scipy gives when example i is repeated w_i times."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xkd_bench.metrics.contract import FloatArray
from xkd_bench.metrics.quotient import quotient


def twice_centred_ranks(values: NDArray[Any], weights: FloatArray) -> FloatArray:
    """2 · (average rank − mean rank) of each value among the repeated values; (n,) and (r, n) → (r, n).

    A group of equal values with weight g, and weight b before it, has the average rank b + (g + 1) / 2; the
    mean of all ranks is (N + 1) / 2 for a total weight N. Doubled, all of it is whole numbers and every sum
    is exact.
    """
    order = np.argsort(values, kind="stable")
    in_order = values[order]
    starts = np.flatnonzero(np.concatenate([[True], in_order[1:] != in_order[:-1]]))
    group = np.add.reduceat(weights[:, order], starts, axis=1)
    upto = np.cumsum(group, axis=1)
    centred = 2.0 * upto - group - upto[:, -1:]
    group_of = np.empty(len(values), dtype=np.int64)
    group_of[order] = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(values))))
    return np.asarray(centred[:, group_of])


def weighted_spearman(x: NDArray[Any], y: NDArray[Any], weights: FloatArray) -> FloatArray:
    """Correlation of the weighted average ranks; (n,), (n,), weights (r, n) → (r,); NaN for constants.

    Source of the definition: Spearman (1904) with average ranks for ties, as `scipy.stats.spearmanr`.
    """
    x_ranks = twice_centred_ranks(x, weights)
    y_ranks = twice_centred_ranks(y, weights)
    joint = np.einsum("rn,rn,rn->r", weights, x_ranks, y_ranks)
    x_scatter = np.einsum("rn,rn,rn->r", weights, x_ranks, x_ranks)
    y_scatter = np.einsum("rn,rn,rn->r", weights, y_ranks, y_ranks)
    return np.clip(quotient(joint, np.sqrt(x_scatter * y_scatter)), -1.0, 1.0)
