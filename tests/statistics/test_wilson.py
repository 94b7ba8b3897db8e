"""Wilson's interval, against scipy and by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from xkd_bench.statistics.wilson import at_the_edge, wilson_interval


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_agrees_with_scipy_and_holds_the_proportion(case: tuple[int, int]) -> None:
    k, n = case
    low, high = wilson_interval(k, n)
    theirs = stats.binomtest(k, n).proportion_ci(0.95, "wilson")
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=1e-8)
    assert 0 <= low <= k / n + 1e-9
    assert k / n - 1e-9 <= high <= 1


def test_by_hand() -> None:
    # z² = 3.8415: 0 of 10 gives [0, z²/(n + z²)].
    assert wilson_interval(0, 10) == (0.0, pytest.approx(3.841459 / 13.841459, abs=1e-6))
    assert wilson_interval(10, 10)[1] == 1.0


def test_edge_and_errors() -> None:
    assert at_the_edge(1034, 1043)
    assert not at_the_edge(500, 1043)
    for k, n in ((-1, 5), (6, 5), (0, 0)):
        with pytest.raises(ValueError, match="successes"):
            wilson_interval(k, n)
