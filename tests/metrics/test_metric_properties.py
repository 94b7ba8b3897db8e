"""What must hold of every metric, for any models."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_views import (
    ids_of,
    model_with_logits,
    pair_of,
    random_pair,
    random_regression_pair,
    shuffled,
)

from xkd_bench.metrics.contract import ModelView, PairView, SumMetric
from xkd_bench.metrics.registry import load, prediction_metrics
from xkd_bench.metrics.scoring import resample, score_all

CLASSES = st.integers(2, 5)
QUICK = settings(deadline=None, max_examples=25)


def views_of(seed, n, classes):
    classification, regression = random_pair(seed, n, classes), random_regression_pair(seed, n)
    return [classification, classification.student, regression, regression.student]


@QUICK
@given(seed=st.integers(0, 10**6), n=st.integers(1, 60), classes=CLASSES)
def test_the_order_of_the_examples_changes_no_bit(seed, n, classes):
    order = np.random.default_rng(seed).permutation(n)
    for view in views_of(seed, n, classes):
        expected = score_all(view, prediction_metrics(), 40, ("order",))
        assert score_all(shuffled(view, order), prediction_metrics(), 40, ("order",)) == expected


@QUICK
@given(seed=st.integers(0, 10**6), n=st.integers(2, 60), classes=CLASSES)
def test_weights_of_one_give_the_plain_value(seed, n, classes):
    for view in views_of(seed, n, classes):
        for name, found in score_all(view, prediction_metrics(), 0, ("plain",)).items():
            metric, ones = load(name), np.ones((3, n))
            if found.reason == "regression":
                continue
            weighted = (
                metric.finish(ones @ metric.statistics(view))
                if isinstance(metric, SumMetric)
                else metric.weigh(view, ones)
            )
            expected = np.nan if found.value is None else found.value
            np.testing.assert_allclose(weighted, [expected] * 3, rtol=1e-12, atol=1e-14, err_msg=name)


@QUICK
@given(seed=st.integers(0, 10**6), n=st.integers(2, 40), classes=CLASSES)
def test_a_weight_is_a_repetition(seed, n, classes):
    """Every metric under weights equals the plain metric of the examples repeated so many times."""
    weights = np.random.default_rng(seed).integers(0, 4, n)
    weights[0] += 1
    rows = np.repeat(np.arange(n), weights)
    for view in views_of(seed, n, classes):
        repeated = renamed(shuffled_with_repeats(view, rows))
        plain = score_all(repeated, prediction_metrics(), 0, ("repeat",))
        for name, found in plain.items():
            if found.reason == "regression":
                continue
            metric, w = load(name), weights[np.newaxis].astype(float)
            weighted = (
                metric.finish(w @ metric.statistics(view)) if isinstance(metric, SumMetric) else metric.weigh(view, w)
            )
            expected = np.nan if found.value is None else found.value
            np.testing.assert_allclose(weighted, [expected], rtol=1e-9, atol=1e-11, err_msg=name)


def shuffled_with_repeats(view, rows):
    if isinstance(view, PairView):
        return [shuffled_with_repeats(view.student, rows), shuffled_with_repeats(view.teacher, rows)]
    return ModelView(view.kind, ids_of(len(rows)), view.labels[rows], view.logits[rows], view.classes)


def renamed(view):
    return PairView(*view) if isinstance(view, list) else view


@QUICK
@given(seed=st.integers(0, 10**6), n=st.integers(5, 60), classes=CLASSES)
def test_a_student_that_is_its_teacher_scores_best(seed, n, classes):
    teacher = random_pair(seed, n, classes).teacher
    found = score_all(PairView(teacher, teacher), prediction_metrics(), 20, ("same",))
    best = {"agreement": 1, "kappa": 1, "kappa_max": 1, "error_consistency": 1, "probability_loyalty": 1}
    best |= {"kl_divergence": 0, "calibration_gap": 0, "negative_transfer": 0, "confidence_correlation": 1}
    for name, value in best.items():
        assert found[name].value in (value, None), name
    for name in ("agreement", "probability_loyalty", "kl_divergence", "calibration_gap"):
        assert found[name].low == found[name].high == best[name]

    regression = random_regression_pair(seed, n).teacher
    found = score_all(PairView(regression, regression), prediction_metrics(), 20, ("same",))
    assert found["mean_absolute_difference"].value == 0
    for name in ("teacher_student_pearson", "teacher_student_spearman", "concordance"):
        assert found[name].value in (1, None), name


@QUICK
@given(seed=st.integers(0, 10**6), n=st.integers(2, 60), classes=CLASSES)
def test_kappa_and_mcc_do_not_know_the_names_of_the_classes(seed, n, classes):
    random = np.random.default_rng(seed)
    labels, student, teacher = random.integers(0, classes, (3, n))
    other = random.permutation(classes)
    names = [load(name) for name in ("agreement", "kappa", "kappa_independent", "kappa_max", "error_consistency")]
    plain = pair_of(labels, student, teacher, classes)
    renumbered = pair_of(other[labels], other[student], other[teacher], classes)
    for name, found in score_all(plain, names, 0, ("names",)).items():
        value = score_all(renumbered, names, 0, ("names",))[name].value
        assert (value is None) == (found.value is None)
        assert value == pytest.approx(found.value, abs=1e-14), name
    mcc = [load("mcc")]
    before = score_all(plain.student, mcc, 0, ("names",))["mcc"].value
    assert score_all(renumbered.student, mcc, 0, ("names",))["mcc"].value == pytest.approx(before, abs=1e-14)


@QUICK
@given(seed=st.integers(0, 10**6), n=st.integers(2, 60), classes=CLASSES)
def test_kappa_is_symmetric_and_between_its_bounds(seed, n, classes):
    labels, student, teacher = np.random.default_rng(seed).integers(0, classes, (3, n))
    metrics = [load("kappa"), load("kappa_max")]
    there = score_all(pair_of(labels, student, teacher, classes), metrics, 0, ("symmetric",))
    back = score_all(pair_of(labels, teacher, student, classes), metrics, 0, ("symmetric",))
    assert there == back
    if there["kappa"].value is not None:
        assert -1 <= there["kappa"].value <= there["kappa_max"].value + 1e-15 <= 1 + 1e-15


@QUICK
@given(seed=st.integers(0, 10**6), n=st.integers(1, 60), classes=CLASSES)
def test_values_lie_in_the_range_of_their_card(seed, n, classes):
    for view in views_of(seed, n, classes):
        for name, found in resample(view, measurable(view), 30, ("range",)).items():
            low, high = load(name).card.range
            for value in [found.value, *found.values]:
                assert np.isnan(value) or (low is None or value >= low - 1e-12), name
                assert np.isnan(value) or (high is None or value <= high + 1e-12), name


def measurable(view):
    found = score_all(view, prediction_metrics(), 0, ("x",))
    return [load(name) for name, score in found.items() if score.reason != "regression"]


@QUICK
@given(shift=st.floats(-50, 50), seed=st.integers(0, 10**6))
def test_a_constant_added_to_all_logits_changes_nothing_that_matters(shift, seed):
    pair = random_pair(seed, 40, 3)
    moved = PairView(model_with_logits(pair.student.labels, pair.student.logits + shift), pair.teacher)
    expected = score_all(pair, prediction_metrics(), 0, ("shift",))
    for name, found in score_all(moved, prediction_metrics(), 0, ("shift",)).items():
        assert found.value == pytest.approx(expected[name].value, abs=1e-12), name
