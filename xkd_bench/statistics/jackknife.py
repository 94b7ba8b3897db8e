"""The jackknife as sums: what is left of a statistic's sums when a group of examples is left out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_GROUPS = 1000


def groups(n: int, clusters: NDArray[Any] | None = None, most: int = MOST_GROUPS) -> NDArray[np.int64]:
    """Which group each of n examples is left out with, (n,): its own, its cluster's, or one of `most` of them.

    Above `most` examples (clusters) neighbours share a group. That keeps the cost in bounds and changes the
    acceleration of `bca_interval` little, whose numerator and denominator both grow with the size of the groups.
    """
    member_of = np.arange(n) if clusters is None else np.unique(np.asarray(clusters), return_inverse=True)[1]
    count = int(member_of.max(initial=-1)) + 1
    return np.asarray(member_of if count <= most else member_of * most // count, dtype=np.int64)


def sums_without(columns: NDArray[np.float64], member_of: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sums of the columns (n, k) without each of G groups in turn, (G, k)."""
    count = int(member_of.max(initial=-1)) + 1
    inside = np.zeros((count, columns.shape[1]))
    np.add.at(inside, member_of, columns)
    return np.asarray(columns.sum(axis=0) - inside)


def weights_without(member_of: NDArray[np.int64]) -> NDArray[np.float64]:
    """Example weights that leave out each of G groups in turn, (G, n)."""
    count = int(member_of.max(initial=-1)) + 1
    return np.asarray(member_of[np.newaxis, :] != np.arange(count)[:, np.newaxis], dtype=np.float64)
