"""One pass for all metrics: which apply, slices, shared draws, intervals, and what has no value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_views import model_of, pair_of, random_pair, random_regression_pair, regressor_of, shuffled
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score, matthews_corrcoef

from xkd_bench.metrics import scoring
from xkd_bench.metrics.contract import PairView, Score
from xkd_bench.metrics.registry import load, prediction_metrics
from xkd_bench.metrics.scoring import resample, score_all
from xkd_bench.statistics.resampling import bootstrap_weights

AGREEMENT = {
    "agreement", "kappa", "kappa_independent", "kappa_max", "negative_transfer", "error_consistency",
    "probability_loyalty", "kl_divergence", "calibration_gap", "confidence_correlation",
}  # fmt: skip


def test_each_view_gets_the_metrics_that_have_a_place_in_it():
    two, three, regression = random_pair(0, 30, 2), random_pair(0, 30, 3), random_regression_pair(0, 30)
    assert set(score_all(two, prediction_metrics(), 5, ("x",))) == AGREEMENT
    model = {"accuracy", "mcc", "expected_calibration_error"}
    assert set(score_all(two.student, prediction_metrics(), 5, ("x",))) == model | {"f1"}
    assert set(score_all(three.student, prediction_metrics(), 5, ("x",))) == model
    assert set(score_all(regression.student, prediction_metrics(), 5, ("x",))) == {"pearson", "spearman"}
    assert set(score_all(regression, prediction_metrics(), 5, ("x",))) == {
        "kappa",  # undefined: regression
        "teacher_student_pearson",
        "teacher_student_spearman",
        "concordance",
        "mean_absolute_difference",
    }


def draws_of(view, resamples, words):
    """The rows each resample repeats, from the weights alone."""
    for block in bootstrap_weights(len(view.labels), resamples, words):
        for weights in block.astype(int):
            yield np.repeat(np.arange(len(weights)), weights)


def test_intervals_are_those_of_repeated_rows():
    """The sums give, draw by draw, what scikit-learn and scipy give on the repeated rows."""
    pair, words = random_pair(1, 60, 3), ("1", "task")
    student, teacher = pair.student.predicted, pair.teacher.predicted
    kappas = [cohen_kappa_score(student[rows], teacher[rows]) for rows in draws_of(pair.student, 50, words)]
    found = resample(pair, [load("kappa")], 50, words)["kappa"]
    np.testing.assert_allclose(found.values, kappas, rtol=0, atol=1e-12)
    score = score_all(pair, [load("kappa")], 50, words)["kappa"]
    assert (score.low, score.high) == pytest.approx(np.quantile(kappas, [0.025, 0.975]), rel=1e-8)

    labels = pair.student.labels
    mccs = [matthews_corrcoef(labels[rows], student[rows]) for rows in draws_of(pair.student, 50, words)]
    found = resample(pair.student, [load("mcc")], 50, words)["mcc"]
    np.testing.assert_allclose(found.values, mccs, rtol=0, atol=1e-12)

    model = random_regression_pair(1, 60).student
    rhos = [spearmanr(model.values[rows], model.labels[rows])[0] for rows in draws_of(model, 50, words)]
    found = resample(model, [load("spearman")], 50, words)["spearman"]
    np.testing.assert_allclose(found.values, rhos, rtol=0, atol=1e-12)


def test_metrics_scored_together_or_alone_are_the_same():
    for view in (random_pair(2, 80, 4), random_regression_pair(2, 80)):
        together = score_all(view, prediction_metrics(), 100, ("x",))
        for name, score in together.items():
            assert score_all(view, [load(name)], 100, ("x",)) == {name: score}


def test_the_size_of_the_blocks_changes_no_bit(monkeypatch):
    views = [random_pair(3, 70, 3), random_regression_pair(3, 70)]
    expected = [score_all(view, prediction_metrics(), 60, ("x",)) for view in views]
    monkeypatch.setattr(scoring, "_BLOCK", 500)
    assert [score_all(view, prediction_metrics(), 60, ("x",)) for view in views] == expected


def test_many_classes_stay_sparse_and_agree_with_the_dense_way():
    pair = random_pair(4, 300, 100)
    metric = load("kappa_independent")
    assert metric.statistics(pair).nnz == 2 * 300
    found = resample(pair, [metric], 20, ("x",))["kappa_independent"]
    weights = np.concatenate(list(bootstrap_weights(300, 20, ("x",))))
    np.testing.assert_allclose(found.values, metric.finish(weights @ metric.statistics(pair).toarray()), atol=1e-13)


def test_a_slice_has_the_value_of_its_examples_and_the_draws_of_the_whole():
    pair = random_pair(5, 90, 3)
    mask = np.arange(90) % 3 == 0
    found = score_all(pair, prediction_metrics(), 200, ("x",), mask)
    alone = score_all(shuffled(pair, np.flatnonzero(mask)), prediction_metrics(), 0, ("x",))
    for name, score in found.items():
        assert (score.value, score.n, score.status) == (alone[name].value, 30, alone[name].status)
    student, teacher = pair.student.predicted, pair.teacher.predicted
    rows = [rows[mask[rows]] for rows in draws_of(pair.student, 200, ("x",))]
    kappas = [cohen_kappa_score(student[some], teacher[some]) for some in rows]
    assert (found["kappa"].low, found["kappa"].high) == pytest.approx(np.quantile(kappas, [0.025, 0.975]), rel=1e-8)


def test_a_slice_that_is_everything_is_no_slice():
    for view in (random_pair(6, 40, 2), random_regression_pair(6, 40)):
        everything = np.ones(40, dtype=bool)
        whole = score_all(view, prediction_metrics(), 50, ("x",))
        assert score_all(view, prediction_metrics(), 50, ("x",), everything) == whole


def test_an_empty_slice_has_no_value():
    for view in (random_pair(6, 40, 2), random_regression_pair(6, 40)):
        for score in score_all(view, prediction_metrics(), 50, ("x",), np.zeros(40, dtype=bool)).values():
            assert (score.value, score.n, score.status) == (None, 0, "undefined")


@pytest.mark.parametrize("mask", [np.ones(39, dtype=bool), np.ones(40)])
def test_a_mask_that_is_none_is_refused(mask):
    with pytest.raises(ValueError, match="mask of 40 booleans"):
        score_all(random_pair(6, 40, 2), prediction_metrics(), 5, ("x",), mask)


def test_clusters_widen_the_interval():
    repeated = np.repeat(np.arange(50), 4)
    random = np.random.default_rng(0)
    right = np.repeat(random.random(50) < 0.7, 4)
    labels = random.integers(0, 2, 200)
    said = np.where(right, labels, 1 - labels)
    alone = score_all(model_of(labels, said), [load("accuracy")], 1000, ("x",))["accuracy"]
    shared = score_all(model_of(labels, said, clusters=repeated), [load("accuracy")], 1000, ("x",))["accuracy"]
    assert alone.value == shared.value
    assert shared.high - shared.low > 1.7 * (alone.high - alone.low)


def test_without_resamples_there_is_a_value_and_no_interval():
    score = score_all(random_pair(7), [load("kappa")], 0, ("x",))["kappa"]
    assert score.value is not None
    assert (score.low, score.high, score.status) == (None, None, "ok")


def test_no_interval_where_too_many_draws_have_no_value():
    # One positive in five: about a third of the draws have none, and F1 no value there.
    score = score_all(model_of([0, 0, 0, 0, 1], [0, 0, 0, 0, 1]), [load("f1")], 500, ("x",))["f1"]
    assert (score.value, score.low, score.high, score.status) == (1.0, None, None, "ok")


def test_what_is_not_finite_is_undefined_for_the_metrics_that_need_it_alone():
    pair = random_pair(8, 4, 2)
    beyond = replace(pair.student, logits=np.array([[0, -1.7e308], [1.7e308, -1.7e308], [0, 1], [1, 0]]))
    with np.errstate(all="ignore"):
        found = score_all(PairView(beyond, pair.teacher), prediction_metrics(), 10, ("x",))
    assert found["kl_divergence"] == Score.undefined("non_finite", 4)
    assert found["agreement"].value is not None


def test_the_same_words_give_the_same_draws_and_others_do_not():
    pair = random_pair(9)
    once = score_all(pair, prediction_metrics(), 50, ("7", "sst2"))
    assert score_all(pair, prediction_metrics(), 50, ("7", "sst2")) == once
    assert score_all(pair, prediction_metrics(), 50, ("8", "sst2"))["kappa"] != once["kappa"]


def test_two_students_see_the_same_draws():
    """So that the difference of two students is resampled as one number."""
    first, second = random_pair(10), random_pair(11)
    second = PairView(replace(second.student, labels=first.student.labels), first.teacher)
    a = resample(first, [load("kappa")], 30, ("x",))["kappa"].values
    b = resample(second, [load("kappa"), load("agreement")], 30, ("x",))["kappa"].values
    rows = list(draws_of(first.student, 30, ("x",)))
    by_hand = [
        cohen_kappa_score(first.student.predicted[some], first.teacher.predicted[some])
        - cohen_kappa_score(second.student.predicted[some], first.teacher.predicted[some])
        for some in rows
    ]
    np.testing.assert_allclose(a - b, by_hand, atol=1e-12)


def test_one_example():
    assert score_all(pair_of([1], [1], [1]), [load("kappa")], 20, ("x",))["kappa"].reason == "degenerate"
    assert score_all(pair_of([1], [1], [1]), [load("agreement")], 20, ("x",))["agreement"].value == 1
    assert score_all(regressor_of([1], [2]), prediction_metrics(), 20, ("x",))["pearson"].reason == "degenerate"
