"""Occlusion: what the value loses when one unit is taken out."""

from __future__ import annotations

import numpy as np

from xkd_bench.explainers.cards import card_beside
from xkd_bench.explainers.coalitions import BoolArray, FloatArray, kept_all
from xkd_bench.explainers.contract import TableExplainer


def occlusion_effects(masks: BoolArray, values: FloatArray, enumerated: bool = False) -> FloatArray:
    """φ_i = f(x) − f(x without unit i); masks (m, n) True where kept, values (m,) → (n,).

    NaN for a unit whose single-unit-out masking is not among the rows. `enumerated` changes nothing: it is there so
    that all explainers of the table are called alike.
    """
    n = masks.shape[1]
    effects = np.full(n, np.nan)
    if n == 0:
        return effects
    rows = np.flatnonzero(masks.sum(axis=1) == n - 1)
    effects[masks[rows].argmin(axis=1)] = values[kept_all(masks)] - values[rows]
    return effects


explainer = TableExplainer(card=card_beside(__file__), explain=occlusion_effects)
