"""In which order units are masked, and which maskings that asks for: most important first, least important first."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from xkd_bench.explainers.coalitions import BoolArray, FloatArray, IntArray
from xkd_bench.randomness import generator

TOP_SHARES = (1, 5, 10, 20, 50)  # percent; ERASER's, rounded up to at least one unit


def most_important_first(scores: FloatArray, seed_words: tuple[object, ...]) -> IntArray:
    """Positions of n units, the highest score first, (n,); equal scores in an order drawn from the seed.

    In the order of the units ties would prefer the beginning of a text and the top of an image.
    """
    ties = generator("ties between scores", *seed_words).permutation(len(scores))
    return np.lexsort((ties, -np.asarray(scores)))


def random_order(units: int, draw: int, seed_words: tuple[object, ...]) -> IntArray:
    """The `draw`-th random order of n units, (n,)."""
    return np.asarray(generator("random order of masking", draw, *seed_words).permutation(units), dtype=np.int64)


def masked_first(order: IntArray, levels: Sequence[int], units: IntArray, n: int) -> BoolArray:
    """Maskings (L, n), True where kept, that leave out the first ⌊level % · m⌋ of m ordered units.

    order: positions in `units`, (m,). units: which of all n units take part, (m,); the others are always kept.
    """
    masks = np.ones((len(levels), n), dtype=np.bool_)
    for row, level in enumerate(levels):
        masks[row, units[order[: level * len(order) // 100]]] = False
    return masks


def without_top(order: IntArray, units: IntArray, n: int) -> BoolArray:
    """Maskings (K, n) without the top ⌈share · m⌉ units, for the K = 5 `TOP_SHARES`."""
    masks = np.ones((len(TOP_SHARES), n), dtype=np.bool_)
    for row, top in enumerate(_tops(order)):
        masks[row, units[top]] = False
    return masks


def only_top(order: IntArray, units: IntArray, n: int) -> BoolArray:
    """Maskings (K, n) that keep nothing but the top ⌈share · m⌉ units, and those that take no part."""
    masks = np.ones((len(TOP_SHARES), n), dtype=np.bool_)
    masks[:, units] = False
    for row, top in enumerate(_tops(order)):
        masks[row, units[top]] = True
    return masks


def _tops(order: IntArray) -> list[IntArray]:
    return [order[: max(1, math.ceil(share * len(order) / 100))] for share in TOP_SHARES]
