"""The paired permutation test: on every example, which of two models said what is exchanged or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xkd_bench.randomness import generator

_BLOCK = 2_000_000  # numbers held at a time


def swaps(
    n: int,
    permutations: int,
    seed_words: tuple[str, ...],
    clusters: NDArray[Any] | None = None,
    rows: int | None = None,
) -> Iterator[NDArray[np.bool_]]:
    """Blocks (r, n), True where an example's two models are exchanged; examples of a cluster are exchanged together.

    All 2ᵐ patterns of m examples (clusters), the unchanged one first, where they are at most `permutations`; else
    `permutations` random ones. A row is a function of n, `seed_words` and the clusters alone.
    """
    member_of = np.arange(n) if clusters is None else np.unique(np.asarray(clusters), return_inverse=True)[1]
    m = int(member_of.max(initial=-1)) + 1
    rows = rows or max(1, _BLOCK // max(1, n))
    if is_exact(m, permutations):
        for start in range(0, 2**m, rows):
            patterns = np.arange(start, min(2**m, start + rows))[:, np.newaxis] >> np.arange(m)
            yield (patterns & 1).astype(np.bool_)[:, member_of]
        return
    bits, words = generator("swaps", *seed_words).bit_generator, -(-m // 64)
    for start in range(0, permutations, rows):
        count = min(rows, permutations - start)
        raw = bits.random_raw(count * words).reshape(count, words).astype("<u8")
        yield np.unpackbits(raw.view(np.uint8), axis=1, bitorder="little")[:, :m].astype(np.bool_)[:, member_of]


def is_exact(m: int, permutations: int) -> bool:
    """Whether all patterns of m things are looked at."""
    return m < 63 and 2**m <= permutations


def swap_p_value(observed: float, swapped: NDArray[np.float64], exact: bool) -> float | None:
    """Two-sided p-value of a difference, given the differences (r,) after swaps.

    Exact: the share of patterns with |difference| ≥ |observed|. Random: (1 + how many) / (1 + r), since the observed
    pattern is one of those that could have been drawn. None where the observed difference, or more than 5 % of the
    others, have no value.

    Source: Phipson and Smyth (2010), Permutation p-values should never be zero, Statistical Applications in Genetics
    and Molecular Biology 9(1), article 39.
    """
    finite = swapped[np.isfinite(swapped)]
    if not np.isfinite(observed) or len(finite) == 0 or len(finite) < 0.95 * len(swapped):
        return None
    # Sums of one pattern can differ in their last bits from those of another that is equal to it.
    as_large = int((np.abs(finite) >= abs(observed) - 1e-12 * max(1.0, abs(observed))).sum())
    return as_large / len(finite) if exact else (1 + as_large) / (1 + len(finite))
