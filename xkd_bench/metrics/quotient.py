"""Division that says where it has no value."""

from __future__ import annotations

from typing import Any

import numpy as np

from xkd_bench.metrics.contract import FloatArray


def quotient(numerator: Any, denominator: Any) -> FloatArray:
    """numerator / denominator element by element, NaN where the denominator is 0."""
    numerator, denominator = np.broadcast_arrays(
        np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    )
    out = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=out, where=denominator != 0)
    return out
