"""A score as a function of example weights, and of which of two models said what: all that a comparison needs of it.

    plain       every weight 1, the value of a record
    under       weights of a bootstrap draw
    without     a group of examples left out, for the jackknife
    exchanging  two models' answers exchanged on some examples, for the permutation test

Examples stand in the order of their ids, so that draws of two entries with the same examples belong together one by
one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from xkd_bench.metrics.contract import FloatArray, IntArray, View, WeightMetric
from xkd_bench.metrics.quotient import quotient
from xkd_bench.metrics.stacked import stacked
from xkd_bench.statistics.exact_sums import column_sums, summable
from xkd_bench.statistics.jackknife import sums_without, weights_without
from xkd_bench.statistics.resampling import largest_total_weight

BoolArray = NDArray[np.bool_]
Exchange = Callable[[BoolArray], FloatArray]


class Quantity(Protocol):
    """n: examples that have a value. Numbers are NaN where the score has no value."""

    @property
    def example_ids(self) -> tuple[str, ...]: ...

    @property
    def clusters(self) -> NDArray[Any] | None: ...

    @property
    def n(self) -> int: ...

    def plain(self) -> float: ...

    def under(self, weights: FloatArray) -> FloatArray:
        """(r, all examples) whole-number weights → (r,)."""
        ...

    def without(self, member_of: IntArray) -> FloatArray:
        """Groups of the examples → values without each of the G groups, (G,)."""
        ...

    def exchanging(self, other: Quantity) -> Exchange:
        """other − self after what both say of some examples was exchanged: (r, all examples) → (r,)."""
        ...


@dataclass(frozen=True)
class Summed:
    """finish of the weighted sums of columns (n, k). view, statistics: what the columns were made of, view → (n, k);
    without them an example's row depends on that example alone."""

    example_ids: tuple[str, ...]
    clusters: NDArray[Any] | None
    n: int
    columns: FloatArray
    finish: Callable[[FloatArray], FloatArray]
    view: Any = None
    statistics: Callable[[Any], FloatArray] | None = None

    def plain(self) -> float:
        return float(self.finish(column_sums(self.columns)))

    def under(self, weights: FloatArray) -> FloatArray:
        return self.finish(weights @ self._exact())

    def without(self, member_of: IntArray) -> FloatArray:
        return self.finish(sums_without(self.columns, member_of))

    def exchanging(self, other: Quantity) -> Exchange:
        assert isinstance(other, Summed)
        columns = np.vstack([self.columns, other.columns])
        if self.statistics is not None:
            columns = self.statistics(stacked(self.view, other.view))
        own, their = np.split(summable(columns, len(columns)), 2)

        def exchanged(swapped: BoolArray) -> FloatArray:
            moved = swapped.astype(np.float64)
            over = moved @ their - moved @ own
            return np.asarray(self.finish(their.sum(axis=0) - over) - self.finish(own.sum(axis=0) + over))

        return exchanged

    def _exact(self) -> FloatArray:
        return summable(self.columns, largest_total_weight(len(self.example_ids), self.clusters))


@dataclass(frozen=True)
class Weighed:
    """A metric without sums (ranks), of a view whose examples stand in the order of their ids."""

    example_ids: tuple[str, ...]
    clusters: NDArray[Any] | None
    n: int
    metric: WeightMetric
    view: View

    def plain(self) -> float:
        return float(self.metric.weigh(self.view, np.ones((1, len(self.example_ids))))[0])

    def under(self, weights: FloatArray) -> FloatArray:
        return self.metric.weigh(self.view, weights)

    def without(self, member_of: IntArray) -> FloatArray:
        return self.metric.weigh(self.view, weights_without(member_of))

    def exchanging(self, other: Quantity) -> Exchange:
        assert isinstance(other, Weighed)
        both = stacked(self.view, other.view)

        def exchanged(swapped: BoolArray) -> FloatArray:
            moved = swapped.astype(np.float64)
            first, second = np.hstack([1.0 - moved, moved]), np.hstack([moved, 1.0 - moved])
            return np.asarray(self.metric.weigh(both, second) - self.metric.weigh(both, first))

        return exchanged


def mean_of(example_ids: Sequence[str], values: FloatArray, clusters: NDArray[Any] | None) -> Summed:
    """The mean of numbers (n,) over the examples that are not NaN, as `draws.Means` takes it."""
    order = id_order(example_ids)
    known = ~np.isnan(values[order])
    columns = np.column_stack([np.where(known, values[order], 0.0), known])
    ids = tuple(example_ids[row] for row in order)
    of_ids = None if clusters is None else clusters[order]
    return Summed(ids, of_ids, int(known.sum()), columns, lambda sums: quotient(sums[..., 0], sums[..., 1]))


def of_statistics(
    statistics: Callable[[Any], FloatArray],
    finish: Callable[[FloatArray], FloatArray],
    view: Any,
    example_ids: tuple[str, ...],
    clusters: NDArray[Any] | None,
) -> Summed:
    """finish of the sums of statistics, view → (n, k), of a view whose examples stand in the order of their ids."""
    return Summed(example_ids, clusters, len(example_ids), statistics(view), finish, view, statistics)


def dense(statistics: Any) -> FloatArray:
    """Statistics of a metric, a matrix or a sparse one, as a matrix."""
    return np.asarray(statistics.toarray() if issparse(statistics) else statistics, dtype=np.float64)


def id_order(example_ids: Sequence[str]) -> IntArray:
    """Positions in the order of the ids."""
    return np.array(sorted(range(len(example_ids)), key=example_ids.__getitem__), dtype=np.int64)
