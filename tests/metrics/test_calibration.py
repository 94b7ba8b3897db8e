"""Calibration, computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from made_views import model_with_logits

from xkd_bench.metrics.contract import PairView, Score
from xkd_bench.metrics.registry import load
from xkd_bench.metrics.scoring import score_all


def score(name, view):
    return score_all(view, [load(name)], 0, ("test",))[name]


def model(labels, first_class):
    """A binary model from its probabilities of class 0."""
    first = np.asarray(first_class)
    return model_with_logits(labels, np.log(np.stack([first, 1 - first], axis=1)))


# Confidences .9 (right), .92 (wrong), .6 (right), .7 (wrong): bins 14, 14, 9 and 11 of 15
TEACHER = model([0, 1, 0, 1], [0.9, 0.92, 0.6, 0.7])
# Confidences .9, .92, .6, .7, all right
STUDENT = model([0, 1, 0, 1], [0.9, 0.08, 0.6, 0.3])


def test_expected_calibration_error():
    expected = (abs(0.9 + 0.92 - 1) + abs(0.6 - 1) + 0.7) / 4
    assert score("expected_calibration_error", TEACHER).value == pytest.approx(expected, abs=1e-15)


def test_over_and_underconfidence_cancel_inside_a_bin_only():
    two_bins = model([0, 1], [0.75, 0.6])
    assert score("expected_calibration_error", two_bins).value == pytest.approx((0.25 + 0.6) / 2, abs=1e-15)


def test_a_confidence_on_an_edge_belongs_to_the_bin_below():
    sure = model_with_logits([0, 0], [[2000.0, 0.0], [0.0, 2000.0]])
    assert score("expected_calibration_error", sure).value == 0.5


def test_calibration_gap():
    student = (abs(0.9 + 0.92 - 2) + 0.4 + 0.3) / 4
    teacher = (abs(0.9 + 0.92 - 1) + 0.4 + 0.7) / 4
    found = score("calibration_gap", PairView(STUDENT, TEACHER))
    assert found.value == pytest.approx(student - teacher, abs=1e-15)


def test_confidence_correlation_compares_how_sure_not_what():
    assert score("confidence_correlation", PairView(STUDENT, TEACHER)).value == pytest.approx(1, abs=1e-15)


def test_confidence_correlation_with_an_even_temper_is_undefined():
    even = model_with_logits([0, 1, 0, 1], [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    assert score("confidence_correlation", PairView(even, TEACHER)) == Score.undefined("degenerate", 4)
