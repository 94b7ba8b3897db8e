"""Sums that do not depend on the order: against rational arithmetic and under permutation, to the bit."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xkd_bench.statistics.exact_sums import column_sums, summable


def test_sums_are_correctly_rounded():
    columns = np.random.default_rng(0).normal(size=(500, 4)) * [1, 1e10, 1e-10, 1]
    columns[:, 3] = np.rint(columns[:, 3] * 5)
    expected = [float(sum(map(Fraction, column))) for column in columns.T.tolist()]
    assert column_sums(columns).tolist() == expected


def test_cancelling_terms_by_hand():
    assert column_sums(np.array([[1e16], [0.5], [-1e16]])).tolist() == [0.5]


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 300))
def test_weighted_sums_are_the_same_in_any_order(seed, n):
    random = np.random.default_rng(seed)
    weights = random.multinomial(n, np.full(n, 1 / n), size=7).astype(float)
    columns = summable(random.normal(size=(n, 5)) * 10.0 ** random.integers(-8, 8, size=5), n)
    sums = weights @ columns
    order = random.permutation(n)
    assert (weights[:, order] @ columns[order] == sums).all()
    for row, k in ((0, 0), (6, 4)):
        exact = sum(Fraction(w) * Fraction(x) for w, x in zip(weights[row], columns[:, k], strict=True))
        assert Fraction(float(sums[row, k])) == exact


def test_whole_numbers_and_zeros_stay_and_others_hardly_move():
    columns = np.array([[3.0, 0.0, 0.1], [-7.0, 0.0, 0.2], [1e6, 0.0, 0.3]])
    rounded = summable(columns, 10_000)
    assert (rounded[:, :2] == columns[:, :2]).all()
    assert rounded[:, 2] == pytest.approx(columns[:, 2], abs=10_000 * 0.3 * 2.0**-52)
