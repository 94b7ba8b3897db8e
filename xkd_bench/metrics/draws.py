"""Numbers of a set of examples, plain and under one resampling of them that all of the numbers share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from xkd_bench.metrics.contract import FloatArray, Reason, Score
from xkd_bench.metrics.quotient import quotient
from xkd_bench.statistics.exact_sums import column_sums, summable
from xkd_bench.statistics.intervals import percentile_interval
from xkd_bench.statistics.resampling import bootstrap_weights

_BLOCK = 500_000  # weights held at a time: 4 MB, which caches hold


@dataclass(frozen=True)
class Draws:
    """A number with every weight 1, then under r draws, (1 + r,); NaN where it has no value. It rests on n examples."""

    values: FloatArray
    n: int

    @property
    def plain(self) -> float:
        return float(self.values[0])

    def score(self, undefined_as: Reason) -> Score:
        """The plain number with the 95 % percentile interval of the others, or the reason why there is none."""
        if math.isnan(self.plain):
            return Score.undefined(undefined_as, self.n)
        low, high = percentile_interval(self.values[1:])
        # Adding 0 turns −0 into 0, which would be written differently.
        return Score(self.plain + 0.0, low, high, self.n, "ok", None)


class Statistic(Protocol):
    """k numbers of the examples, the i-th resting on `n[i]` of them; NaN where one has no value."""

    @property
    def n(self) -> Sequence[int]: ...

    def plain(self) -> FloatArray:
        """With every weight 1, (k,)."""
        ...

    def under(self, weights: FloatArray) -> FloatArray:
        """Under whole-number weights (r, n), (r, k)."""
        ...


def resample(
    statistics: Sequence[Statistic],
    n: int,
    clusters: NDArray[Any] | None,
    resamples: int,
    seed_words: tuple[str, ...],
) -> list[list[Draws]]:
    """The numbers of each statistic, all under the same draws of n examples that are in the order of their ids."""
    found = [np.full((1 + resamples, len(statistic.n)), np.nan) for statistic in statistics]
    for values, statistic in zip(found, statistics, strict=True):
        values[0] = statistic.plain()
    done = 1
    for weights in bootstrap_weights(n, resamples, seed_words, clusters, max(1, _BLOCK // n)) if n else ():
        for values, statistic in zip(found, statistics, strict=True):
            values[done : done + len(weights)] = statistic.under(weights)
        done += len(weights)
    return [
        [Draws(column, count) for column, count in zip(values.T, statistic.n, strict=True)]
        for values, statistic in zip(found, statistics, strict=True)
    ]


class Means:
    """Mean of each column (n, k) over the examples that are not NaN."""

    def __init__(self, columns: FloatArray, largest_total_weight: int) -> None:
        known = ~np.isnan(columns)
        self.n: list[int] = known.sum(axis=0).tolist()
        self._columns = np.hstack([np.where(known, columns, 0.0), known])
        self._exact = summable(self._columns, largest_total_weight)

    def plain(self) -> FloatArray:
        return quotient(*np.split(column_sums(self._columns), 2))

    def under(self, weights: FloatArray) -> FloatArray:
        return quotient(*np.split(weights @ self._exact, 2, axis=1))


class Median:
    """Median of those (n,) values that are not NaN; under weights, of value i repeated w_i times."""

    def __init__(self, values: FloatArray) -> None:
        self._order = np.argsort(values, kind="stable")[: np.count_nonzero(~np.isnan(values))]
        self._values = values[self._order]
        self.n = [len(self._values)]

    def plain(self) -> FloatArray:
        return np.array([np.median(self._values) if len(self._values) else np.nan])

    def under(self, weights: FloatArray) -> FloatArray:
        medians = np.full((len(weights), 1), np.nan)
        upto = np.cumsum(weights[:, self._order], axis=1)
        drawn = upto[:, -1:].any(axis=1)
        upto, total = upto[drawn], upto[drawn, -1:]
        middle = np.stack([(upto <= before).sum(axis=1) for before in ((total - 1) // 2, total // 2)])
        medians[drawn, 0] = self._values[middle].mean(axis=0)
        return medians
