"""Scores of minimal pairs: counted by hand, and what must hold of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_views import ids_of, model_with_logits, random_pair, regressor_of

from xkd_bench.metrics.contract import PairView
from xkd_bench.metrics.registry import load
from xkd_bench.metrics.scoring import score_all

METRICS = [load("pair_agreement"), load("pair_accuracy")]
IDS = ids_of(5)
TWINS = (IDS[1], IDS[0], IDS[3], IDS[2], None)


def scores(view, subset=None):
    return score_all(view, METRICS, 50, ("pairs",), subset)


def paired(view, twins=TWINS):
    if isinstance(view, PairView):
        return PairView(paired(view.student, twins), paired(view.teacher, twins))
    return replace(view, twins=twins)


def logits(odds):
    return [[0.0, value] for value in odds]


def test_pairs_are_counted_by_hand():
    labels = [1, 0, 1, 0, 1]
    # The first pair moves both models down, the second the teacher down and the student up; the fifth has no twin.
    teacher = model_with_logits(labels, logits([2, -1, 3, 1, 5]))
    student = model_with_logits(labels, logits([1, -2, 0.5, 4, 5]))
    found = scores(paired(PairView(student, teacher)))
    assert found["pair_agreement"].value == 0.5
    assert scores(paired(student))["pair_accuracy"].value == 0.5
    assert scores(paired(teacher))["pair_accuracy"].value == 0.5


def test_a_task_without_pairs_has_no_such_scores():
    assert scores(random_pair(1)) == {}
    assert scores(random_pair(1).student) == {}


def test_a_pair_of_which_a_slice_holds_one_half_does_not_count():
    labels = [1, 0, 1, 0, 1]
    student = paired(model_with_logits(labels, logits([1, -2, 0.5, 4, 5])))
    assert scores(student, np.array([True, True, True, False, False]))["pair_accuracy"].value == 1
    assert scores(student, np.array([True, False, True, False, True]))["pair_accuracy"].value is None


def test_a_model_agrees_with_itself_and_a_mirrored_one_never():
    view = random_pair(3, n=40, classes=2).teacher
    twins = tuple(view.example_ids[row ^ 1] for row in range(40))
    assert scores(paired(PairView(view, view), twins))["pair_agreement"].value == 1
    mirrored = replace(view, logits=-view.logits)
    assert scores(paired(PairView(mirrored, view), twins))["pair_agreement"].value == 0


def test_of_a_regression_the_values_are_compared():
    student, teacher = regressor_of(np.zeros(5), [1, 2, 3, 4, 0]), regressor_of(np.zeros(5), [5, 6, 4, 3, 0])
    assert scores(paired(PairView(student, teacher)))["pair_agreement"].value == 0.5


def test_pairs_drawn_together_keep_their_interval_and_any_order_gives_the_same():
    view = random_pair(5, n=200, classes=3, clusters=np.arange(200) // 2)
    twins = tuple(view.student.example_ids[row ^ 1] for row in range(200))
    found = scores(paired(view, twins))["pair_agreement"]
    assert found.low < found.value < found.high
    share = found.value
    assert (found.high - found.low) / 3.92 == pytest.approx(np.sqrt(share * (1 - share) / 100), rel=0.4)
