"""Percentile intervals: numpy's quantiles, nine digits, and no interval of the luckier resamples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mstats

from xkd_bench.statistics.intervals import percentile_interval, significant


def test_by_hand():
    assert percentile_interval(np.arange(101.0)) == (2.5, 97.5)
    assert percentile_interval(np.arange(101.0), level=0.5) == (25.0, 75.0)
    assert percentile_interval(np.array([0.5])) == (0.5, 0.5)


def test_against_scipy():
    values = np.random.default_rng(0).normal(size=999)
    expected = mstats.mquantiles(values, [0.025, 0.975], alphap=1, betap=1)
    assert percentile_interval(values) == pytest.approx(tuple(expected), rel=1e-8)


@pytest.mark.parametrize("missing", [np.nan, np.inf])
def test_none_where_more_than_one_in_twenty_has_no_value(missing):
    values = np.arange(100.0)
    values[:5] = missing
    low, high = percentile_interval(values)
    assert low == pytest.approx(5 + 0.025 * 94)
    assert high == pytest.approx(5 + 0.975 * 94)
    values[:6] = missing
    assert percentile_interval(values) == (None, None)
    assert percentile_interval(np.empty(0)) == (None, None)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_nine_digits_are_kept(value):
    rounded = significant(value)
    assert rounded == significant(rounded)
    assert f"{rounded:.8e}" == f"{value + 0.0:.8e}" or value == 0
    assert str(significant(-0.0)) == "0.0"


def test_nine_digits_by_hand():
    assert significant(0.12345678949) == 0.123456789
    assert significant(-1234567894.9) == -1234567890.0
