"""Paired differences of made-up quantities: against scipy, with clusters, and against unpaired ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from xkd_bench.errors import ExampleIdError
from xkd_bench.metrics.quantity import mean_of
from xkd_bench.verdicts.paired import draws_of, paired, swap_p_values

N = 60
IDS = tuple(f"{place:03d}" for place in range(N))


def difference(first: np.ndarray, second: np.ndarray, clusters: np.ndarray | None = None):
    one, other = mean_of(IDS, first, clusters), mean_of(IDS, second, clusters)
    drawn = draws_of({"one": one, "other": other}, 4000, ("paired",))
    return paired(one, other, (drawn["one"], drawn["other"]))


def test_against_scipy_and_unpaired() -> None:
    random = np.random.default_rng(0)
    first = random.normal(size=N)
    second = first + random.normal(0.2, 0.3, N)
    found = difference(first, second)
    change = second - first
    theirs = stats.bootstrap(
        (change,), np.mean, n_resamples=10_000, method="BCa", rng=np.random.default_rng(1)
    ).confidence_interval
    assert found.interval() == pytest.approx((theirs.low, theirs.high), abs=0.015)
    assert found.standard_error == pytest.approx(change.std() / np.sqrt(N), rel=0.05)
    alone = np.hypot(first.std(), second.std()) / np.sqrt(N)
    assert found.standard_error < alone / 3  # what sharing the examples is worth
    narrow = found.interval(0.9)
    assert found.interval()[0] < narrow[0] < found.value < narrow[1] < found.interval()[1]


def test_what_examples_share_makes_the_error_larger() -> None:
    random = np.random.default_rng(2)
    clusters = np.array([f"passage {place // 6}" for place in range(N)])
    change = np.repeat(random.normal(0, 1, 10), 6)  # a whole passage gains or loses
    first = random.normal(size=N)
    alone, together = difference(first, first + change), difference(first, first + change, clusters)
    assert together.standard_error == pytest.approx(np.sqrt(6) * alone.standard_error, rel=0.1)
    assert len(together.jackknife) == 10
    one, other = mean_of(IDS, first, clusters), mean_of(IDS, first + change, clusters)
    p = swap_p_values({"x": (one, other)}, 2000, ("paired",))["x"]
    by_passage = change[::6]
    exact = stats.permutation_test(
        (by_passage, np.zeros(10)), lambda a, b: a.mean() - b.mean(), permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert p == pytest.approx(exact, abs=1e-9)  # ten passages: all 1,024 exchanges


def test_other_examples_are_an_error() -> None:
    one = mean_of(IDS, np.zeros(N), None)
    other = mean_of((*IDS[1:], "999"), np.zeros(N), None)
    with pytest.raises(ExampleIdError, match="missing"):
        paired(one, other, (np.zeros(3), np.zeros(3)))
