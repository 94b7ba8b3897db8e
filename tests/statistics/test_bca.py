"""BCa intervals and the jackknife, against scipy and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from xkd_bench.statistics.bca import acceleration, bca_interval
from xkd_bench.statistics.intervals import percentile_interval
from xkd_bench.statistics.jackknife import groups, sums_without, weights_without
from xkd_bench.statistics.resampling import bootstrap_weights


def draws_of_mean(values: np.ndarray, resamples: int) -> np.ndarray:
    blocks = bootstrap_weights(len(values), resamples, ("bca",))
    return np.concatenate([weights @ values / len(values) for weights in blocks])


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_agrees_with_scipy_on_a_skewed_mean(level: float) -> None:
    values = np.random.default_rng(0).lognormal(0, 1, 60)
    ours = bca_interval(
        float(values.mean()),
        draws_of_mean(values, 20_000),
        sums_without(values[:, None], groups(60))[:, 0] / 59,
        level,
    )
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, confidence_level=level, method="BCa", rng=np.random.default_rng(1)
    ).confidence_interval
    assert ours == pytest.approx((theirs.low, theirs.high), abs=0.03)
    percentile = percentile_interval(draws_of_mean(values, 20_000), level)
    assert ours[1] > percentile[1]  # a long right tail moves both ends to the right


def test_equals_scipy_on_scipys_own_draws() -> None:
    values = np.random.default_rng(3).exponential(1, 40)
    found = stats.bootstrap((values,), np.mean, n_resamples=2_000, method="BCa", rng=np.random.default_rng(4))
    left_out = (values.sum() - values) / 39
    low, high = bca_interval(float(values.mean()), found.bootstrap_distribution, left_out)
    assert (low, high) == pytest.approx(found.confidence_interval, rel=1e-8)


def test_by_hand() -> None:
    # Draws symmetric around the value and no skew: the percentile interval itself.
    draws = np.arange(-100.0, 101.0)
    assert bca_interval(0.0, draws, np.array([-1.0, 1.0])) == percentile_interval(draws)
    # Leaving out 0, 0, 3 of (0, 0, 3): means 1.5, 1.5, 0; d = -.5, -.5, 1; Σd³ = .75, Σd² = 1.5.
    assert acceleration(np.array([1.5, 1.5, 0.0])) == pytest.approx(0.75 / (6 * 1.5**1.5))


def test_where_nothing_can_be_said() -> None:
    assert bca_interval(np.nan, np.zeros(10), np.zeros(3)) == (None, None)
    assert bca_interval(0.0, np.full(10, np.nan), np.zeros(3)) == (None, None)
    assert bca_interval(0.5, np.full(100, 0.5), np.zeros(3)) == (0.5, 0.5)
    above = np.linspace(1, 2, 100)  # every draw above the value: no bias can be told from them
    assert bca_interval(0.0, above, np.zeros(3)) == percentile_interval(above)


def test_clusters_are_left_out_whole() -> None:
    columns = np.array([[1.0], [2.0], [4.0], [8.0]])
    member_of = groups(4, np.array(["b", "a", "b", "c"]))
    assert sums_without(columns, member_of)[:, 0].tolist() == [13.0, 10.0, 7.0]  # without a, b, c
    assert (weights_without(member_of) @ columns == sums_without(columns, member_of)).all()


@given(st.integers(1, 300), st.integers(1, 40))
def test_groups_hold_every_example_and_are_like_in_size(n: int, most: int) -> None:
    sizes = np.bincount(groups(n, None, most))
    assert sizes.sum() == n
    assert len(sizes) == min(n, most)
    assert sizes.max() - sizes.min() <= 1


@given(st.floats(0.1, 10), st.floats(-5, 5))
def test_moves_and_stretches_with_the_data(scale: float, shift: float) -> None:
    values = np.random.default_rng(5).exponential(1, 30)
    draws, left_out = draws_of_mean(values, 500), (values.sum() - values) / 29
    low, high = bca_interval(float(values.mean()), draws, left_out)
    moved = bca_interval(scale * float(values.mean()) + shift, scale * draws + shift, scale * left_out + shift)
    assert moved == pytest.approx((scale * low + shift, scale * high + shift), abs=1e-6)
