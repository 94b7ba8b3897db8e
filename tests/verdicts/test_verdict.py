"""The rules for one score, by hand."""

from __future__ import annotations

import pytest

from xkd_bench.statistics.power import smallest_difference
from xkd_bench.verdicts.gate import status_of
from xkd_bench.verdicts.margins import margin_from_power
from xkd_bench.verdicts.verdict import verdict_of


@pytest.mark.parametrize(
    ("direction", "interval", "narrow", "adjusted", "margin", "expected"),
    [
        ("higher", (0.01, 0.05), (0.02, 0.04), 0.01, None, "better"),
        ("lower", (0.01, 0.05), (0.02, 0.04), 0.01, None, "worse"),
        ("none", (0.01, 0.05), (0.02, 0.04), 0.01, None, "different"),
        ("higher", (-0.05, -0.01), (-0.04, -0.02), 0.01, None, "worse"),
        ("higher", (0.01, 0.05), (0.02, 0.04), 0.06, None, "not separable"),  # not after Holm
        ("higher", (-0.01, 0.05), (0.0, 0.04), 0.01, None, "not separable"),
        ("higher", (-0.01, 0.02), (-0.005, 0.015), 0.8, 0.02, "equivalent"),
        ("higher", (-0.01, 0.02), (-0.005, 0.015), 0.8, 0.015, "not separable"),  # the end lies on the margin
        ("higher", (0.001, 0.01), (0.002, 0.009), 0.01, 0.05, "equivalent"),  # a margin says that this is nothing
        ("higher", (None, None), (None, None), 0.5, 0.05, "undefined"),
        ("higher", (0.0, 0.1), (0.0, 0.1), None, None, "undefined"),
    ],
)
def test_verdicts(direction, interval, narrow, adjusted, margin, expected) -> None:
    assert verdict_of(direction, interval, narrow, adjusted, margin) == expected


@pytest.mark.parametrize(
    ("difference", "low", "high", "margin", "n", "expected"),
    [
        (0.0, -0.019, 0.02, 0.02, 500, "pass"),
        (0.0, -0.02, 0.02, 0.02, 500, "undecided"),  # on the margin is not above it
        (-0.05, -0.09, -0.01, 0.02, 500, "fail"),
        (-0.05, -0.09, 0.0, 0.02, 500, "undecided"),
        (-0.02, -0.03, -0.01, 0.02, 500, "undecided"),  # worse, but not by more than the margin
        (-0.01, -0.015, -0.005, 0.02, 500, "pass"),  # worse for sure, and by less than matters
        (0.0, 0.0, 0.0, 0.01, 500, "pass"),  # the same student
        (0.5, 0.4, 0.6, 0.01, 29, "undecided"),
        (0.5, None, None, 0.01, 500, "undecided"),
        (0.5, 0.4, 0.6, None, 500, "undecided"),
    ],
)
def test_the_gates_rule(difference, low, high, margin, n, expected) -> None:
    status, reason = status_of(difference, low, high, margin, n)
    assert status == expected
    assert (reason is None) == (status != "undecided")


def test_margins_of_cola_by_hand() -> None:
    # 2.8016 · .027 = .0756 and 2.8016 · .033 = .0925, rounded up; a margin of .01 could never pass.
    assert margin_from_power(0.027) == 0.08
    assert margin_from_power(0.033) == 0.10
    assert margin_from_power(0.1 / smallest_difference(1.0)) == 0.10  # no step up for a rounding error
    assert margin_from_power(0.0) is None
    assert margin_from_power(float("nan")) is None
