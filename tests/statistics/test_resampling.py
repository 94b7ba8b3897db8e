"""Bootstrap weights: counts of draws, a stream of their own, the same whatever the block size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xkd_bench.statistics.resampling import bootstrap_weights, largest_total_weight


def all_rows(*args, **kwargs):
    return np.concatenate(list(bootstrap_weights(*args, **kwargs)))


@settings(deadline=None, max_examples=30)
@given(n=st.integers(1, 40), resamples=st.integers(1, 30), rows=st.integers(1, 40))
def test_the_rows_do_not_depend_on_how_many_come_at_a_time(n, resamples, rows):
    expected = all_rows(n, resamples, ("7", "sst2"))
    found = all_rows(n, resamples, ("7", "sst2"), rows=rows)
    assert expected.shape == (resamples, n)
    assert (found == expected).all()


@settings(deadline=None, max_examples=30)
@given(n=st.integers(1, 40), fewer=st.integers(1, 10))
def test_more_resamples_begin_with_the_same_rows(n, fewer):
    assert (all_rows(n, 25, ("a",))[:fewer] == all_rows(n, fewer, ("a",))).all()


def test_a_row_is_n_draws_out_of_n():
    weights = all_rows(50, 400, ("a",))
    assert (weights.sum(axis=1) == 50).all()
    assert (weights == np.rint(weights)).all()
    assert weights.min() == 0
    # A count of n draws with probability 1/n has mean 1 and variance 1 − 1/n; 20,000 counts pin both.
    assert weights.mean() == 1
    assert weights.var() == pytest.approx(1 - 1 / 50, abs=0.05)
    assert np.abs(weights.mean(axis=0) - 1).max() < 5 / np.sqrt(400)


def test_the_stream_is_frozen():
    # If these change, every published interval changes: raise the protocol's version.
    assert all_rows(8, 2, ("suite", "data")).astype(int).tolist() == [
        [1, 0, 0, 1, 0, 0, 2, 4],
        [1, 1, 0, 2, 0, 1, 2, 1],
    ]


def test_other_words_give_another_stream():
    base = all_rows(100, 3, ("1", "sst2"))
    assert (base != all_rows(100, 3, ("2", "sst2"))).any()
    assert (base != all_rows(100, 3, ("1", "cola"))).any()
    assert (base == all_rows(100, 3, ("1", "sst2"))).all()


def test_examples_of_a_cluster_are_drawn_together():
    clusters = np.array(["b", "a", "b", "c", "a", "b"])
    weights = all_rows(6, 200, ("a",), clusters)
    for name in "abc":
        members = weights[:, clusters == name]
        assert (members == members[:, :1]).all()
    one_of_each = weights[:, [1, 0, 3]]
    assert (one_of_each.sum(axis=1) == 3).all()
    assert weights.sum(axis=1).max() <= largest_total_weight(6, clusters) == 9


def test_clusters_of_one_are_the_plain_bootstrap():
    assert (all_rows(9, 5, ("a",), np.arange(9)) == all_rows(9, 5, ("a",))).all()
    assert largest_total_weight(9, np.arange(9)) == largest_total_weight(9) == 9


def test_blocks_are_small_for_a_large_split():
    block = next(bootstrap_weights(60_000, 10_000, ("a",)))
    assert block.nbytes <= 16_000_000


def test_no_resamples_no_blocks():
    assert list(bootstrap_weights(5, 0, ("a",))) == []


@pytest.mark.parametrize(("n", "resamples", "clusters"), [(0, 5, None), (5, -1, None), (5, 5, np.arange(4))])
def test_impossible_requests_are_refused(n, resamples, clusters):
    with pytest.raises(ValueError, match="expected"):
        list(bootstrap_weights(n, resamples, ("a",), clusters))
