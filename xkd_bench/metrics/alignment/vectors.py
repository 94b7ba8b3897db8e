"""Cosine and correlation of explanations, row by row: scores (…, n) of n units → (…,).

A row's value depends on that row alone, to the last bit: it is the same whether rows come together or one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from xkd_bench.metrics.contract import FloatArray, IntArray
from xkd_bench.metrics.quotient import quotient

_CONSTANT = 1e-12  # a spread below this share of the largest score is rounding


def cosine(first: FloatArray, second: FloatArray) -> FloatArray:
    """a·b / √(a·a b·b), clipped to [−1, 1]; (…, n) and (…, n) → (…,). Exactly 1 for equal rows, NaN for a zero row."""
    a, b = _scaled(first), _scaled(second)
    norms = np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))
    return np.clip(quotient((a * b).sum(axis=-1), norms), -1.0, 1.0)


def correlation(first: FloatArray, second: FloatArray) -> FloatArray:
    """Pearson correlation, (…, n) and (…, n) → (…,). Exactly 1 for equal rows, NaN for one that is constant to 12
    digits."""
    return cosine(deviations(first), deviations(second))


def deviations(scores: FloatArray) -> FloatArray:
    """Scores minus their mean over the last axis, up to a power of two; zeros where they are constant to 12 digits."""
    scaled = _scaled(scores)
    spread = np.ptp(scaled, axis=-1, keepdims=True) > _CONSTANT * np.abs(scaled).max(axis=-1, keepdims=True)
    return np.where(spread, scaled - scaled.mean(axis=-1, keepdims=True), 0.0)


def _scaled(scores: FloatArray) -> FloatArray:
    """Each row times the power of two that brings its largest |score| into [½, 1): no square is then too small or too
    large to be held, and no digit is lost."""
    # In one order of memory, since the order in which numpy adds a row follows from it.
    rows = np.ascontiguousarray(scores, dtype=np.float64)
    return np.asarray(np.ldexp(rows, -np.frexp(np.abs(rows).max(axis=-1, keepdims=True))[1]))


def stacked(vectors: Sequence[FloatArray], rows: Sequence[int] | IntArray) -> FloatArray:
    """Some of the vectors, all of one length, as the rows of a matrix."""
    return np.stack([np.asarray(vectors[row], dtype=np.float64) for row in rows])


def grouped(rows: Sequence[int], keys: Sequence[Any]) -> list[IntArray]:
    """Rows with equal keys: groups in the order of the keys, inside a group in the order the rows came in."""
    groups: dict[Any, list[int]] = {}
    for row in rows:
        groups.setdefault(keys[row], []).append(row)
    return [np.array(groups[key], dtype=np.int64) for key in sorted(groups)]
