"""The area under what is left of an answer while more and more of the input is masked."""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.contract import FloatArray


def area(levels: FloatArray, curves: FloatArray) -> FloatArray:
    """∫ curve dq / q_max by the trapezoid rule over the levels 0 … q_max; (L,) and (…, L) → (…,).

    It is linear in the curve, so the mean of the examples' areas is the area under their mean curve.
    """
    return np.asarray(np.trapezoid(curves, levels, axis=-1) / levels[-1])
