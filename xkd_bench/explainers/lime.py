"""LIME (Ribeiro et al. 2016): a weighted ridge regression of the values on which units are kept.

The regression is lime's own `LimeBase`: kernel √exp(−D²/25²) with D = 100 · cosine distance to the full masking,
ridge α = 1, an intercept, no selection of features, one feature per position. lime draws the number of removed units
uniformly on 1 … n and the units uniformly given the number; rows that were not drawn so carry that law as a weight.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from xkd_bench.explainers.cards import card_beside
from xkd_bench.explainers.coalitions import BoolArray, FloatArray, law_weights
from xkd_bench.explainers.contract import TableExplainer

KERNEL_WIDTH = 25.0
LIMIT_SAMPLES = 100_000  # so many that the ridge no longer shows and more would change nothing


def lime_attributions(masks: BoolArray, values: FloatArray, enumerated: bool) -> FloatArray:
    """LIME of one example; masks (m, n) True where kept, values (m,) → (n,).

    The full masking weighs 1, as the one row of it that lime adds; all others weigh N − 1 together, by lime's law,
    with N = `LIMIT_SAMPLES`. On all 2ⁿ maskings this is what lime comes to with ever more samples, free of their
    noise, so `enumerated` changes nothing; on a sample it is an estimate of that, rough where n > m/4. (N = m would
    let the ridge, α = 1, silence the many light single-unit rows: for n near m/2 the correlation with the limit then
    falls from about .9 to .4.)
    """
    n = masks.shape[1]
    if n == 0:
        return np.zeros(0)
    mass = np.full(n + 1, (LIMIT_SAMPLES - 1) / n)
    mass[n] = 0.0
    weights = law_weights(masks, mass)
    weights[masks.all(axis=1)] += 1.0
    return lime_regression(masks, values, weights)


def lime_regression(masks: BoolArray, values: FloatArray, weights: FloatArray | None = None) -> FloatArray:
    """lime's regression on these rows, each weighted with the kernel and, where given, `weights` (m,); → (n,).

    Without weights it is what lime makes of maskings it drew itself.
    """
    from lime.lime_base import LimeBase  # type: ignore[import-untyped]  # slow to import

    weigh = partial(_weigh, weights=np.ones(len(masks)) if weights is None else weights)
    _, pairs, _, _ = LimeBase(weigh, random_state=0).explain_instance_with_data(
        masks.astype(np.float64),
        np.asarray(values, dtype=np.float64)[:, None],
        distances(masks),
        label=0,
        num_features=masks.shape[1],
        feature_selection="none",
    )
    attributions = np.zeros(masks.shape[1])
    for unit, coefficient in pairs:
        attributions[unit] = coefficient
    return attributions


def distances(masks: BoolArray) -> FloatArray:
    """100 · cosine distance of each row to the full masking, 100 · (1 − √(kept / n)); (m, n) → (m,)."""
    return np.asarray(100.0 * (1.0 - np.sqrt(masks.mean(axis=1))))


def kernel(distance: FloatArray) -> FloatArray:
    """lime's weight of a row at this distance, √exp(−D²/25²)."""
    return np.asarray(np.sqrt(np.exp(-(distance**2) / KERNEL_WIDTH**2)))


def _weigh(distance: FloatArray, weights: FloatArray) -> FloatArray:
    return kernel(distance) * weights


explainer = TableExplainer(card=card_beside(__file__), explain=lime_attributions)
