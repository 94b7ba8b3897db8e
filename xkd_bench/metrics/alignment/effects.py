"""What a masking changes in a model's value, and whether that is anything at all."""

from __future__ import annotations

from typing import Any

import numpy as np

from xkd_bench.metrics.contract import CoalitionView, FloatArray

TIE = 1e-6  # of 1 + |f(x)|: rounding of 32-bit logits is no effect


def effect_signs(view: CoalitionView, rows: Any) -> tuple[FloatArray, FloatArray]:
    """Sign of f(x) − f(x masked) in teacher and student for the maskings `rows`, a mask or a position; 0 where the
    difference is at most `TIE` · (1 + |f(x)|)."""
    return _signs(view.teacher, view.full, rows), _signs(view.student, view.full, rows)


def _signs(values: FloatArray, full: int, rows: Any) -> FloatArray:
    effects = values[full] - values[rows]
    return np.asarray(np.where(np.abs(effects) <= TIE * (1 + abs(values[full])), 0.0, np.sign(effects)))
