"""The paired permutation test and Holm's adjustment, against scipy and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from xkd_bench.statistics.holm import holm
from xkd_bench.statistics.swaps import is_exact, swap_p_value, swaps


def p_value(first: np.ndarray, second: np.ndarray, permutations: int) -> float | None:
    gain = (second - first) / len(first)
    after = np.concatenate([(1 - 2.0 * block) @ gain for block in swaps(len(first), permutations, ("test",))])
    return swap_p_value(float(gain.sum()), after, is_exact(len(first), permutations))


def test_exact_agrees_with_scipy() -> None:
    random = np.random.default_rng(0)
    first, second = random.normal(size=10), random.normal(0.4, 1, 10)
    theirs = stats.permutation_test(
        (first, second), lambda a, b: np.mean(b) - np.mean(a), permutation_type="samples", n_resamples=np.inf
    )
    # scipy doubles the smaller tail; the two are equal here, where the distribution is symmetric.
    assert p_value(first, second, 2_000) == pytest.approx(theirs.pvalue, abs=1e-12)


def test_random_is_near_exact() -> None:
    random = np.random.default_rng(1)
    first, second = random.normal(size=14), random.normal(0.5, 1, 14)
    exact = p_value(first, second, 2**14)
    assert p_value(first, second, 10_000) == pytest.approx(exact, abs=0.02)


def test_by_hand() -> None:
    # Three gains of 1: of 8 patterns of signs two give |sum| = 3.
    assert p_value(np.zeros(3), np.ones(3), 100) == 2 / 8
    # None as large among 99 random ones: 1 of 100.
    assert swap_p_value(5.0, np.zeros(99), exact=False) == 1 / 100
    assert swap_p_value(np.nan, np.zeros(99), exact=False) is None
    assert swap_p_value(0.0, np.full(10, np.nan), exact=False) is None


def test_clusters_are_exchanged_together_and_blocks_change_nothing() -> None:
    clusters = np.array(["a", "b", "a", "c"] * 30)
    whole = np.concatenate(list(swaps(120, 50, ("x",), np.arange(120))))
    assert (np.concatenate(list(swaps(120, 50, ("x",), np.arange(120), rows=7))) == whole).all()
    patterns = np.concatenate(list(swaps(120, 50, ("x",), clusters)))
    assert patterns.shape == (8, 120)  # three clusters: every pattern
    assert (patterns[:, 0] == patterns[:, 2]).all()


def test_level_under_no_difference() -> None:
    random = np.random.default_rng(2)
    found = [p_value(*random.normal(size=(2, 25)), 199) for _ in range(200)]
    assert np.mean([p is not None and p <= 0.05 for p in found]) <= 0.09


def test_holm_by_hand() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}) == pytest.approx(
        {"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02}
    )
    assert holm({}) == {}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_between_raw_and_bonferroni_and_in_order(values: list[float]) -> None:
    raw = {str(place): value for place, value in enumerate(values)}
    adjusted = holm(raw)
    for name, p in raw.items():
        assert p - 1e-12 <= adjusted[name] <= min(1.0, p * len(values)) + 1e-12
    ordered = sorted(raw, key=raw.__getitem__)
    assert [adjusted[name] for name in ordered] == sorted(adjusted.values())
