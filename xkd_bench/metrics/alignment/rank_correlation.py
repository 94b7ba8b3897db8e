"""Spearman's rank correlation of the explanations, average ranks for ties."""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.alignment.vectors import cosine, deviations
from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, SimilarityMetric


def similarity(teacher: FloatArray, student: FloatArray) -> FloatArray:
    """(p, n) and (p, n) → (p,); NaN where a row is constant to 12 digits, its order being rounding."""
    return cosine(_centred_ranks(teacher), _centred_ranks(student))


def _centred_ranks(scores: FloatArray) -> FloatArray:
    """2 · (average rank − mean rank) of each score in its row, whole numbers; (p, n), zeros for a constant row."""
    n = scores.shape[-1]
    order = np.argsort(scores, axis=-1, kind="stable")
    in_order = np.take_along_axis(scores, order, axis=-1)
    differs = in_order[..., 1:] != in_order[..., :-1]
    edge = np.ones((*scores.shape[:-1], 1), dtype=np.bool_)
    position = np.arange(n)
    first = np.where(np.concatenate([edge, differs], axis=-1), position, 0)
    last = np.where(np.concatenate([differs, edge], axis=-1), position, n - 1)
    first = np.maximum.accumulate(first, axis=-1)
    last = np.minimum.accumulate(last[..., ::-1], axis=-1)[..., ::-1]
    ranks = np.empty(scores.shape)
    np.put_along_axis(ranks, order, first + last + 1.0 - n, axis=-1)
    return np.where(deviations(scores).any(axis=-1, keepdims=True), ranks, 0.0)


metric = SimilarityMetric(card=card_beside(__file__), similarity=similarity)
