"""Shapley values of the units: exact where all maskings were evaluated, else by kernel regression on the sample."""

from __future__ import annotations

import math

import numpy as np

from xkd_bench.explainers.cards import card_beside
from xkd_bench.explainers.coalitions import BoolArray, FloatArray, kept_all, kept_none, law_weights
from xkd_bench.explainers.contract import TableExplainer


def shapley_values(masks: BoolArray, values: FloatArray, enumerated: bool) -> FloatArray:
    """Shapley values of one example; masks (m, n) True where kept, values (m,) → (n,).

    Σ φ = f(x) − f(∅) holds in both cases, up to rounding.
    """
    if masks.shape[1] == 0:
        return np.zeros(0)
    return exact_shapley(masks, values) if enumerated else kernel_regression(masks, values)


def exact_shapley(masks: BoolArray, values: FloatArray) -> FloatArray:
    """φ_i = Σ_{S ∌ i} |S|! (n−|S|−1)! / n! · (f(S ∪ i) − f(S)) over all 2ⁿ rows, in any order (Shapley 1953).

    Each row's value enters with +w(|S|−1) for the units it keeps and −w(|S|) for the others, where
    w(s) = s! (n−s−1)! / n! = 1 / (n · C(n−1, s)). Raises `ValueError` where rows are missing or doubled.
    """
    m, n = masks.shape
    if m != 2**n or len(np.unique(masks @ (1 << np.arange(n)))) != m:
        raise ValueError(f"expected each of the 2^{n} maskings once, found {m} rows")
    weight = np.array([1.0 / (n * math.comb(n - 1, size)) for size in range(n)] + [0.0])
    kept = masks.sum(axis=1)
    signed = np.where(masks, weight[kept - 1][:, None], -weight[kept][:, None])
    return np.asarray(signed.T @ values)


def kernel_regression(masks: BoolArray, values: FloatArray) -> FloatArray:
    """argmin_φ Σ_S w(S) (f(S) − f(∅) − Σ_{i∈S} φ_i)²  subject to  Σ φ = f(x) − f(∅); (m, n), (m,) → (n,).

    w is the Shapley kernel: the sizes 1 … n−1 have masses in proportion to 1/(s(n−s)), each shared by the rows of
    its size (`law_weights`); with all maskings the solution is the exact values (Lundberg and Lee 2017, theorem 2).
    The constraint is built in: φ = (f(x) − f(∅))/n + x with Σ x = 0, found by least squares on rows whose mean was
    taken off; the shortest x where the maskings leave it open.
    """
    n = masks.shape[1]
    empty = values[kept_none(masks)]
    gain = values[kept_all(masks)] - empty
    inner = np.arange(1, n)
    mass = np.zeros(n + 1)
    mass[inner] = 1.0 / (inner * (n - inner))
    root = np.sqrt(law_weights(masks, mass))
    kept = masks.mean(axis=1)
    design = root[:, None] * (masks - kept[:, None])
    target = root * (values - empty - kept * gain)
    solution = np.linalg.lstsq(design, target, rcond=1e-10)[0]
    return np.asarray(gain / n + solution - solution.mean())


explainer = TableExplainer(card=card_beside(__file__), explain=shapley_values)
