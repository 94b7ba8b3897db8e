"""Orders of masking: scores decide, ties by a draw, and each level masks whole units of the clean input."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from xkd_bench.explainers.orders import (
    TOP_SHARES,
    masked_first,
    most_important_first,
    only_top,
    random_order,
    without_top,
)


def test_the_highest_score_comes_first_and_the_sign_counts() -> None:
    assert most_important_first(np.array([0.1, -5.0, 2.0, 0.0]), ("seed",)).tolist() == [2, 0, 3, 1]


def test_ties_are_drawn_and_not_in_the_order_of_the_units() -> None:
    orders = [most_important_first(np.array([1.0, 1, 1, 1, 9, -3]), (seed,)).tolist() for seed in range(200)]
    assert {order[0] for order in orders} == {4}
    assert {order[-1] for order in orders} == {5}
    firsts = np.bincount([order[1] for order in orders], minlength=4)
    assert firsts.min() > 25, "each of four is second about fifty times"
    assert orders[7] == most_important_first(np.array([1.0, 1, 1, 1, 9, -3]), (7,)).tolist()


def test_levels_mask_whole_units_rounded_down_and_leave_the_others_alone() -> None:
    units = np.array([0, 2, 3, 5, 6])  # of seven; 1 and 4 were seen by one model only
    order = np.array([4, 0, 1, 2, 3])  # positions among these
    masks = masked_first(order, (0, 20, 50, 90), units, 7)
    gone = [np.flatnonzero(~mask).tolist() for mask in masks]
    assert gone == [[], [6], [0, 6], [0, 2, 3, 6]]


def test_the_top_is_at_least_one_unit() -> None:
    order, units = np.arange(9)[::-1], np.arange(9)
    gone = [np.flatnonzero(~mask).tolist() for mask in without_top(order, units, 9)]
    assert TOP_SHARES == (1, 5, 10, 20, 50)
    assert gone == [[8], [8], [8], [7, 8], [4, 5, 6, 7, 8]]
    assert (only_top(order, units, 9) == ~without_top(order, units, 9)).all()


def test_of_ten_units_ten_percent_is_one_and_twenty_two() -> None:
    assert [(~mask).sum() for mask in without_top(np.arange(10), np.arange(10), 10)] == [1, 1, 1, 2, 5]
    assert [(~mask).sum() for mask in masked_first(np.arange(10), (10, 29, 30), np.arange(10), 10)] == [1, 2, 3]


@given(st.integers(0, 30), st.integers(0, 5))
def test_random_orders_hold_every_unit_once_and_differ_by_draw(units: int, draw: int) -> None:
    order = random_order(units, draw, ("a",))
    assert sorted(order.tolist()) == list(range(units))
    assert order.tolist() == random_order(units, draw, ("a",)).tolist()
    if units > 8:
        assert order.tolist() != random_order(units, draw + 1, ("a",)).tolist()
