"""Classes as countable columns, and when a model's predictions say nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from xkd_bench.errors import BadInputError

COLLAPSED_SHARE = 0.99  # of the predictions, in one class


def one_hot(indices: NDArray[Any], columns: int) -> Any:
    """(n,) class indices → (n, columns) sparse matrix with a single 1 a row.

    Sparse, since a task may have a hundred classes and 10,000 examples. Raises `BadInputError` for an index
    that is no class, such as the −1 of a split without labels.
    """
    n = len(indices)
    column = np.asarray(indices, dtype=np.int64)
    outside = column[(column < 0) | (column >= columns)]
    if len(outside):
        raise BadInputError(
            where="class indices",
            expected=f"whole numbers from 0 to {columns - 1}",
            found=f"{outside[0]} ({len(outside)} of {n} are outside)",
            fix="score a split that has labels, with the label names the task declares",
        )
    return csr_array((np.ones(n), column, np.arange(n + 1)), shape=(n, columns))


def is_constant(values: NDArray[Any]) -> bool:
    """Whether all values are equal; true of an empty array."""
    return bool((values == values[:1]).all())


def is_collapsed(predicted: NDArray[Any]) -> bool:
    """Whether one class makes up at least 99 % of the (n,) predicted class indices."""
    return bool(len(predicted) > 0 and np.bincount(predicted).max() >= COLLAPSED_SHARE * len(predicted))
