"""Differences of two entries' scores under shared resampling: each draw takes the same examples of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xkd_bench.metrics.contract import FloatArray
from xkd_bench.metrics.quantity import Quantity
from xkd_bench.metrics.tables import check_same_ids
from xkd_bench.statistics.bca import bca_interval
from xkd_bench.statistics.intervals import percentile_interval
from xkd_bench.statistics.jackknife import groups
from xkd_bench.statistics.resampling import bootstrap_weights
from xkd_bench.statistics.swaps import is_exact, swap_p_value, swaps

Interval = tuple[float | None, float | None]
_BLOCK = 2_000_000


@dataclass(frozen=True)
class Paired:
    """second − first of one score. first, second: (1 + r,), plain value, then draws that belong together one by one.
    jackknife: (G,), the difference without each group of examples. n: examples behind the smaller side."""

    first: FloatArray
    second: FloatArray
    jackknife: FloatArray
    n: int

    @property
    def value(self) -> float:
        return float(self.second[0] - self.first[0])

    @property
    def draws(self) -> FloatArray:
        return np.asarray(self.second[1:] - self.first[1:])

    @property
    def standard_error(self) -> float:
        return spread(self.draws)

    def interval(self, level: float = 0.95) -> Interval:
        """The BCa interval of the difference."""
        return bca_interval(self.value, self.draws, self.jackknife, level)


def spread(draws: FloatArray) -> float:
    """Standard deviation of the draws that have a value, NaN with fewer than two."""
    finite = draws[np.isfinite(draws)]
    return float(finite.std(ddof=1)) if len(finite) > 1 else float("nan")


def own_interval(drawn: FloatArray) -> Interval:
    """The percentile interval of one entry's score, (1 + r,), as in its record."""
    return percentile_interval(drawn[1:])


def draws_of(quantities: Mapping[str, Quantity], resamples: int, seed_words: tuple[str, ...]) -> dict[str, FloatArray]:
    """Name → plain value and its values under r draws, (1 + r,). Quantities of the same examples share their draws."""
    found = {name: np.empty(1 + resamples) for name in quantities}
    for same in _by_examples(quantities):
        some = quantities[same[0]]
        n, done = len(some.example_ids), 1
        for name in same:
            found[name][0] = quantities[name].plain()
        for weights in bootstrap_weights(n, resamples, seed_words, some.clusters, max(1, _BLOCK // n)):
            for name in same:
                found[name][done : done + len(weights)] = quantities[name].under(weights)
            done += len(weights)
    return found


def paired(first: Quantity, second: Quantity, drawn: tuple[FloatArray, FloatArray]) -> Paired:
    """The difference of two entries, given both entries' draws.

    Raises `ExampleIdError` where they rest on other examples, which one track does not allow.
    """
    check_same_ids(first.example_ids, second.example_ids, "the examples of the two entries")
    member_of = groups(len(first.example_ids), first.clusters)
    left_out = second.without(member_of) - first.without(member_of)
    return Paired(*drawn, np.asarray(left_out), min(first.n, second.n))


def swap_p_values(
    pairs: Mapping[str, tuple[Quantity, Quantity]], permutations: int, seed_words: tuple[str, ...]
) -> dict[str, float | None]:
    """Name → p-value of the paired permutation test of second − first."""
    firsts = {name: first for name, (first, _) in pairs.items()}
    found: dict[str, float | None] = {}
    for same in _by_examples(firsts):
        some = firsts[same[0]]
        n = len(some.example_ids)
        exchange = {name: pairs[name][0].exchanging(pairs[name][1]) for name in same}
        after: dict[str, list[FloatArray]] = {name: [] for name in same}
        for swapped in swaps(n, permutations, seed_words, some.clusters):
            for name in same:
                after[name].append(exchange[name](swapped))
        exact = is_exact(n if some.clusters is None else len(set(some.clusters)), permutations)
        for name in same:
            first, second = pairs[name]
            found[name] = swap_p_value(second.plain() - first.plain(), np.concatenate(after[name]), exact)
    return {name: found[name] for name in pairs}


def _by_examples(quantities: Mapping[str, Quantity]) -> list[Sequence[str]]:
    """Names in lots of the same examples and clusters."""
    lots: dict[tuple[Any, ...], list[str]] = {}
    for name, quantity in quantities.items():
        if quantity.example_ids:
            lots.setdefault((quantity.example_ids, _key(quantity.clusters)), []).append(name)
    return list(lots.values())


def _key(clusters: NDArray[Any] | None) -> tuple[Any, ...] | None:
    return None if clusters is None else tuple(clusters)
