"""Which maskings of an example's units are evaluated: all of them, or a paired sample that serves every explainer.

A masking is a row of booleans, True where the unit is kept. Teacher and student are read on the same rows, and LIME,
Shapley values and occlusion are functions of the one table (masks, values).

The law of the sample. After the empty, the full and the single-unit maskings come pairs (a masking and its
complement) whose number of kept units is uniform on 2 … n−2 and whose units are uniform given the number. It is LIME's
own law, and the leverage-score law of the Shapley regression (Musco and Witter, "Provably accurate Shapley value
estimation via leverage score sampling", ICLR 2025): with the single-unit maskings always there, Shapley values from
it were as accurate as from sizes drawn by the Shapley kernel 1/(s(n−s)), on games of 13 to 300 units. Both
regressions weigh the rows with `law_weights`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xkd_bench.randomness import generator

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Coalitions:
    """The maskings of one example's n units.

    masks: (m, n), True where the unit is kept; no row twice.
    enumerated: all 2ⁿ are there; row r keeps unit i where bit i of r is set, so row 0 is empty and the last is full.
    Otherwise rows 2j and 2j+1 are complements: full and empty, then every unit out and alone, then the drawn pairs.
    truncated_singles: the sample is too small to hold every unit out and alone; only some units' are there.
    """

    masks: BoolArray
    enumerated: bool
    truncated_singles: bool = False


def plan_coalitions(n: int, all_up_to: int, sample: int, seed_words: Sequence[object]) -> Coalitions:
    """All 2ⁿ maskings where they are at most `all_up_to` (or `sample`), else a seeded sample of `sample` of them.

    An odd `sample` is rounded down: maskings come in pairs. `seed_words` say what is being drawn, e.g. (suite seed,
    task, example id). Where 2 + 2n maskings do not fit, half of the pairs go to single units, chosen by the seed, and
    `truncated_singles` is set: occlusion has no value for the others, and the regressions have more unknowns than
    maskings.

    Raises `ValueError` where n is negative or the sample cannot hold the empty and the full masking.
    """
    if n < 0 or sample < 2:
        raise ValueError(f"expected n ≥ 0 units and a sample of at least 2 maskings, found n = {n}, sample = {sample}")
    if 2**n <= max(all_up_to, sample):
        return Coalitions(_all_maskings(n), enumerated=True)
    random = generator("coalitions", n, sample, *seed_words)
    pairs = sample // 2 - 1
    truncated = pairs < n
    singles = np.arange(n)
    if truncated:
        singles = np.sort(random.random(n).argsort(kind="stable")[: pairs // 2])
    outs = np.ones((len(singles), n), dtype=np.bool_)
    outs[np.arange(len(singles)), singles] = False
    firsts = np.concatenate([np.ones((1, n), dtype=np.bool_), outs, _drawn(n, pairs - len(singles), random)])
    masks = np.stack([firsts, ~firsts], axis=1).reshape(-1, n)
    return Coalitions(masks, enumerated=False, truncated_singles=truncated)


def law_weights(masks: BoolArray, mass: FloatArray) -> FloatArray:
    """Weights that make the rows stand for a law over maskings in which the units are uniform given their number.

    masks: (m, n). mass: (n + 1,), the law's probability of each number of kept units. A number's mass is shared by
    the rows that keep so many, w(S) = mass(|S|) / #rows with |S|; where no row does, its mass goes to the nearest
    numbers that occur, in equal parts. Returns (m,), summing to Σ mass.
    """
    counts = np.bincount(masks.sum(axis=1), minlength=masks.shape[1] + 1)
    present = np.flatnonzero(counts)
    distance = np.abs(np.arange(len(mass))[:, None] - present[None, :])
    nearest = distance == distance.min(axis=1, keepdims=True)
    share = np.zeros(len(mass))
    share[present] = (mass[:, None] * nearest / nearest.sum(axis=1, keepdims=True)).sum(axis=0)
    return np.asarray((share / np.maximum(counts, 1))[masks.sum(axis=1)])


def halves(coalitions: Coalitions) -> tuple[IntArray, IntArray]:
    """Rows of two halves of a sample, each a smaller sample of the same law, for the reliability of an explainer.

    Drawn pairs stay together and take turns in order of size. What another draw would hold as well is in both: the
    full, the empty and, unless they are truncated, the single-unit maskings. Raises `ValueError` for enumerated
    maskings: without sampling there is nothing to repeat. Where few pairs were drawn beside the single units, the
    halves agree because they are nearly the same, however far both may be from all maskings.
    """
    if coalitions.enumerated:
        raise ValueError("expected a sample of maskings, found all of them: their reliability is 1")
    n = coalitions.masks.shape[1]
    fixed = np.arange(1 if coalitions.truncated_singles else 1 + n)
    sizes = coalitions.masks[2 * len(fixed) :: 2].sum(axis=1)
    drawn = len(fixed) + np.minimum(sizes, n - sizes).argsort(kind="stable")
    first, second = (np.sort(np.concatenate([fixed, drawn[start::2]])) for start in (0, 1))
    return _rows_of(first), _rows_of(second)


def kept_all(masks: BoolArray) -> int:
    """Row of the full masking. Raises `ValueError` where there is none."""
    return _row(np.asarray(masks.all(axis=1)), "full")


def kept_none(masks: BoolArray) -> int:
    """Row of the empty masking. Raises `ValueError` where there is none."""
    return _row(~np.asarray(masks.any(axis=1)), "empty")


def _row(found: BoolArray, name: str) -> int:
    if not found.any():
        raise ValueError(f"expected the {name} masking among the rows, found {len(found)} others")
    return int(found.argmax())


def _rows_of(pairs: IntArray) -> IntArray:
    return np.asarray((2 * pairs[:, None] + [0, 1]).ravel(), dtype=np.int64)


def _all_maskings(n: int) -> BoolArray:
    return np.asarray((np.arange(2**n)[:, None] >> np.arange(n)[None, :]) & 1, dtype=np.bool_)


def _drawn(n: int, pairs: int, random: np.random.Generator) -> BoolArray:
    """One masking of each of `pairs` pairs that keep 2 … n−2 units, (pairs, n), no pair twice; by size."""
    sizes = np.arange(2, n // 2 + 1)
    capacities = [_pairs_of_size(n, size, at_most=pairs) for size in sizes.tolist()]
    share = np.where(2 * sizes == n, 1.0, 2.0)  # the middle size is its own complement
    counts = _rounded(_capped(share, np.array(capacities, dtype=np.float64), pairs), random.random())
    drawn = [(int(size), int(count)) for size, count in zip(sizes, counts, strict=True) if count]
    rows = [_maskings_of_size(n, size, count, random) for size, count in drawn]
    return np.concatenate([np.zeros((0, n), dtype=np.bool_), *rows])


def _pairs_of_size(n: int, size: int, at_most: int) -> int:
    """How many pairs have `size` units in one of the two, no more than `at_most`."""
    total = math.comb(n, size)
    return min(total // 2 if 2 * size == n else total, at_most)


def _capped(share: FloatArray, capacity: FloatArray, total: int) -> FloatArray:
    """`total` divided in proportion to `share`, none above its capacity; what one cannot hold goes to the others."""
    expected = np.zeros(len(share))
    open_ = np.ones(len(share), dtype=np.bool_)
    while open_.any():
        left = total - expected[~open_].sum()
        expected[open_] = left * share[open_] / share[open_].sum()
        over = open_ & (expected > capacity)
        if not over.any():
            break
        expected[over], open_[over] = capacity[over], False
    return expected


def _rounded(expected: FloatArray, start: float) -> IntArray:
    """Whole numbers with these expectations and the same sum: each is its expectation rounded up or down, by where
    a comb of teeth one apart, shifted by `start` in [0, 1), falls (systematic sampling)."""
    edges = np.concatenate([[0.0], expected.cumsum()])
    if len(expected):
        edges[-1] = round(edges[-1])
    edges = np.where(np.abs(edges - edges.round()) < 1e-9, edges.round(), edges)
    return np.diff(np.floor(edges + start)).astype(np.int64)


def _maskings_of_size(n: int, size: int, count: int, random: np.random.Generator) -> BoolArray:
    """`count` maskings with `size` units kept, uniform, none twice and none the complement of another; (count, n)."""
    available = _pairs_of_size(n, size, at_most=4 * count)
    if available < 4 * count:
        pool = itertools.combinations(range(n), size)
        rows = np.array(list(itertools.islice(pool, available)))  # the first half, where pairs are of one size: with 0
        chosen = rows[np.sort(random.random(available).argsort(kind="stable")[:count])]
        masks = np.zeros((count, n), dtype=np.bool_)
        np.put_along_axis(masks, chosen, True, axis=1)
        return masks
    found: dict[bytes, BoolArray] = {}
    while len(found) < count:
        mask = np.zeros(n, dtype=np.bool_)
        mask[random.random(n).argsort(kind="stable")[:size]] = True
        if (~mask).tobytes() not in found:
            found.setdefault(mask.tobytes(), mask)
    return np.stack(list(found.values()))
