"""Flips as a share of those that chance would give: a model that nearly always says one class hardly can flip."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array, hstack

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.class_counts import one_hot
from xkd_bench.metrics.contract import FloatArray, PerturbedMetric, PerturbedModelView
from xkd_bench.metrics.quotient import quotient


def statistics(view: PerturbedModelView) -> Any:
    """(n, 1 + C) sparse: share of draws on which the answer flips, class of the plain answer."""
    share = csr_array(view.flipped.mean(axis=1)[:, np.newaxis])
    return hstack([share, one_hot(view.plain, view.classes)], format="csr")


def finish(sums: FloatArray) -> FloatArray:
    """n Σ flips / (n² − Σ_c n_c²); NaN for a model that says one class only."""
    counts = sums[..., 1:]
    n = counts.sum(axis=-1)
    return quotient(n * sums[..., 0], n * n - (counts * counts).sum(axis=-1))


metric = PerturbedMetric(card=card_beside(__file__), statistics=statistics, finish=finish)
