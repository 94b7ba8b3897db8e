"""The per-example statistics of many metrics side by side, and their sums under example weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.sparse import csc_array, issparse

from xkd_bench.metrics.contract import FloatArray, PerturbedMetric, PerturbedView, SumMetric, View
from xkd_bench.statistics.exact_sums import column_sums, summable

_DENSE_COLUMNS = 64  # statistics with at most so many columns are summed in one dense product


Summed = SumMetric | PerturbedMetric


class SummedStatistics:
    """Statistics of `metrics` on the examples of `view`: the narrow ones as one matrix, the wide ones sparse.

    largest_total_weight: the largest sum of weights that `under` will be given; it sets the grid on which
    sums are exact. `non_finite` names the metrics whose statistics hold NaN or infinities; they have no sums.
    """

    def __init__(self, metrics: Sequence[Summed], view: View | PerturbedView, largest_total_weight: int) -> None:
        self.non_finite: set[str] = set()
        self._plain: dict[str, float] = {}
        self._dense: list[Summed] = []
        self._wide: list[tuple[Summed, Any]] = []
        columns: list[FloatArray] = []
        for metric in metrics:
            statistics = _narrow_dense(metric.statistics(view))
            sparse = issparse(statistics)
            if not np.isfinite(statistics.data if sparse else statistics).all():
                self.non_finite.add(metric.card.name)
                continue
            sums = _sparse_column_sums(statistics) if sparse else column_sums(statistics)
            self._plain[metric.card.name] = float(metric.finish(sums))
            if sparse:
                exact = statistics.copy()
                exact.data = summable(exact.data[:, np.newaxis], largest_total_weight)[:, 0]
                self._wide.append((metric, exact))
            else:
                self._dense.append(metric)
                columns.append(summable(statistics, largest_total_weight))
        self._ends = np.cumsum([part.shape[1] for part in columns])[:-1]
        self._columns = np.hstack(columns) if columns else None
        self.widest = max([part.shape[1] for part in columns] + [wide.shape[1] for _, wide in self._wide] + [1])

    def plain(self) -> dict[str, float]:
        """Name → value with every weight 1, from correctly rounded sums."""
        return self._plain

    def under(self, weights: FloatArray) -> dict[str, FloatArray]:
        """Name → (r,) values under whole-number weights (r, n); the sums are exact on their grid."""
        values: dict[str, FloatArray] = {}
        if self._columns is not None:
            parts = np.split(weights @ self._columns, self._ends, axis=1)
            values |= {m.card.name: m.finish(sums) for m, sums in zip(self._dense, parts, strict=True)}
        return values | {metric.card.name: metric.finish(weights @ wide) for metric, wide in self._wide}


def _narrow_dense(statistics: Any) -> Any:
    if not issparse(statistics):
        return np.asarray(statistics, dtype=np.float64)
    return statistics.toarray() if statistics.shape[1] <= _DENSE_COLUMNS else statistics.tocsr()


def _sparse_column_sums(statistics: Any) -> FloatArray:
    columns = csc_array(statistics)
    ends = columns.indptr
    return np.array([math.fsum(columns.data[a:b]) for a, b in pairwise(ends)])
