"""Batches that change the speed of a model and nothing else, not one bit.

Rows of one batch all have the same length, and their number is a multiple of eight. Then no row is padded, the matrix
products take the same path for every row, and what else is in the batch does not matter. Mixed lengths, or lots of one
or seven rows, do differ (1e-8 on logits). That holds on a CPU; on a GPU values move by up to `GPU_TOLERANCE`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

ROW_MULTIPLE = 8
GPU_TOLERANCE = 1e-3  # of the largest value, in float32: there the path of a product depends on the size of the lot


@dataclass(frozen=True)
class Batch:
    """Positions of examples of one length; `fill` more rows repeat the last one, and are thrown away again."""

    rows: tuple[int, ...]
    length: int
    fill: int


def lot_size(length: int, token_budget: int, largest_lot: int) -> int:
    """Rows of `length` tokens that fit the budget: a multiple of eight, at least eight, at most `largest_lot`."""
    rows = min(token_budget // max(length, 1), largest_lot)
    return max(ROW_MULTIPLE, rows - rows % ROW_MULTIPLE)


def plan_batches(lengths: Sequence[int], token_budget: int, largest_lot: int) -> list[Batch]:
    """Every position once, longest first: what does not fit into memory shows at once, and the time left is honest."""
    by_length: dict[int, list[int]] = defaultdict(list)
    for position, length in enumerate(lengths):
        by_length[length].append(position)
    batches = []
    for length in sorted(by_length, reverse=True):
        rows, size = by_length[length], lot_size(length, token_budget, largest_lot)
        for start in range(0, len(rows), size):
            lot = tuple(rows[start : start + size])
            batches.append(Batch(lot, length, -len(lot) % ROW_MULTIPLE))
    return batches
