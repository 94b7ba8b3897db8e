"""Seeds as a second level, and the smallest difference, against scipy and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from xkd_bench.statistics.power import smallest_difference
from xkd_bench.statistics.seeds import (
    seed_draws,
    seeds_difference,
    sign_flip_p_value,
    smallest_p_value,
)


def test_sign_flips_agree_with_scipy() -> None:
    differences = np.array([0.4, 0.1, 0.7, -0.2, 0.3, 0.5])
    theirs = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=False
    )
    assert sign_flip_p_value(differences) == pytest.approx(theirs.pvalue)


def test_what_few_seeds_can_show() -> None:
    assert [smallest_p_value(k) for k in (1, 3, 6)] == [1.0, 0.25, 0.03125]
    for k in (1, 3, 6):
        assert sign_flip_p_value(np.arange(1.0, k + 1)) == smallest_p_value(k)


def test_smallest_difference_by_hand() -> None:
    assert smallest_difference(0.027) == pytest.approx((1.959964 + 0.841621) * 0.027, abs=1e-6)
    # A true difference of that size is found with power .8.
    power = 1 - stats.norm.cdf(1.959964 - smallest_difference(1.0))
    assert power == pytest.approx(0.8, abs=1e-4)


def test_one_seed_is_the_bootstrap_of_examples() -> None:
    draws = np.random.default_rng(0).normal(size=(1, 500))
    assert (seed_draws(draws, ("x",)) == draws[0]).all()


def test_seeds_alone_give_the_error_of_their_mean() -> None:
    # No noise of examples: what is left is s²/k, as in a t-test of the seeds.
    values = np.array([0.1, 0.4, 0.7])
    drawn = seed_draws(np.repeat(values[:, None], 40_000, axis=1), ("x",))
    assert drawn.std() == pytest.approx(values.std(ddof=1) / np.sqrt(3), rel=0.02)


def test_agrees_with_welch_where_examples_make_no_noise() -> None:
    first, second = np.array([0.1, 0.2, 0.4]), np.array([0.5, 0.6, 1.0])
    found = seeds_difference(*(np.repeat(one[:, None], 40_001, axis=1) for one in (first, second)), 1000, ("x",))
    welch = stats.ttest_ind(second, first, equal_var=False)
    interval = welch.confidence_interval()
    assert found.degrees == pytest.approx(welch.df, rel=0.01)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=0.02)
    assert found.p_value == pytest.approx(welch.pvalue, abs=0.005)


def test_equal_methods_of_one_seed() -> None:
    one = np.random.default_rng(1).normal(size=(1, 100))
    found = seeds_difference(one, one, 50, ("x",))
    assert (found.value, found.low, found.high) == (0.0, found.low, found.high)
    assert found.low <= 0 <= found.high


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=8))
def test_sign_flips_stay_above_the_smallest(values: list[float]) -> None:
    assert smallest_p_value(len(values)) <= sign_flip_p_value(np.array(values)) <= 1.0
