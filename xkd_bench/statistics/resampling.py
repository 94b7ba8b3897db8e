"""The bootstrap as example weights: how often each example is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xkd_bench.randomness import generator

_BLOCK = 2_000_000  # weights held at a time: 16 MB


def bootstrap_weights(
    n: int,
    resamples: int,
    seed_words: tuple[str, ...],
    clusters: NDArray[Any] | None = None,
    rows: int | None = None,
) -> Iterator[NDArray[np.float64]]:
    """Blocks (r, n) of example weights, `resamples` rows in all; a row is n draws out of n with replacement.

    With `clusters` (n,), whole clusters are drawn, as many as there are, and all examples of a cluster have
    the same weight: examples that share a passage are no independent evidence.

    The rows are a function of n, `seed_words` and the clusters alone. `rows` is how many come at a time and
    changes nothing else. Source: Efron (1979), Bootstrap methods: another look at the jackknife, Annals of
    Statistics 7, 1–26.

    Raises `ValueError` when n < 1, resamples < 0 or the clusters are not one an example.
    """
    if n < 1 or resamples < 0:
        raise ValueError(f"expected n ≥ 1 and resamples ≥ 0, found n = {n}, resamples = {resamples}")
    member_of, drawn_from = _members(n, clusters)
    rows = rows or max(1, _BLOCK // n)
    # Raw bits, since numpy keeps the streams of its bit generators for good but not those of its
    # distributions.
    bits = generator("bootstrap", *seed_words).bit_generator
    for start in range(0, resamples, rows):
        block = np.empty((min(rows, resamples - start), n))
        for row in block:
            row[:] = _counts(bits.random_raw(drawn_from), drawn_from)[member_of]
        yield block


def largest_total_weight(n: int, clusters: NDArray[Any] | None = None) -> int:
    """The largest sum a row of `bootstrap_weights` can have: n, or clusters × members of the largest."""
    if clusters is None:
        return n
    member_of, drawn_from = _members(n, clusters)
    return drawn_from * int(np.bincount(member_of, minlength=1).max())


def _members(n: int, clusters: NDArray[Any] | None) -> tuple[Any, int]:
    """Which of the things that are drawn each example belongs to, and how many such things there are."""
    if clusters is None:
        return slice(None), n
    if len(clusters) != n:
        raise ValueError(f"expected one cluster for each of {n} examples, found {len(clusters)}")
    names, member_of = np.unique(np.asarray(clusters), return_inverse=True)
    return member_of, len(names)


def _counts(raw: NDArray[np.uint64], size: int) -> NDArray[np.int64]:
    """Random 64-bit words → how often each of `size` things is drawn, one draw a word."""
    # 53 random bits times size / 2⁵³ stays below size whatever the rounding, since the product cannot round
    # up to it.
    drawn = ((raw >> np.uint64(11)) * (size * 2.0**-53)).astype(np.int64)
    return np.bincount(drawn, minlength=size)
