"""Task scores, each computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from made_views import model_of, regressor_of

from xkd_bench.metrics.contract import Score
from xkd_bench.metrics.registry import load
from xkd_bench.metrics.scoring import score_all


def score(name, view):
    return score_all(view, [load(name)], 0, ("test",))[name]


def value(name, view):
    return score(name, view).value


def test_accuracy():
    assert value("accuracy", model_of([0, 1, 1, 0], [0, 1, 0, 0])) == 0.75


def test_f1_counts_the_class_with_index_one():
    # 2 true positives, 1 false positive, 1 false negative: 4 / 6
    assert value("f1", model_of([1, 1, 1, 0, 0], [1, 1, 0, 1, 0])) == pytest.approx(4 / 6, abs=1e-15)


def test_f1_has_no_value_without_positives_and_says_so():
    assert score("f1", model_of([0, 0, 0], [0, 0, 0])) == Score.undefined("degenerate", 3)
    assert score("f1", model_of([0, 0, 1], [0, 0, 0])) == Score(0.0, None, None, 3, "flagged", "collapsed")


def test_f1_is_for_two_classes():
    assert score_all(model_of([0, 1, 2], [0, 1, 2], classes=3), [load("f1")], 0, ("test",)) == {}


def test_mcc_of_two_classes():
    # TP 3, TN 2, FP 1, FN 1: (3·2 − 1·1) / √(4·4·3·3) = 5 / 12
    view = model_of([1, 1, 1, 1, 0, 0, 0], [1, 1, 1, 0, 0, 0, 1])
    assert value("mcc", view) == pytest.approx(5 / 12, abs=1e-15)


def test_mcc_of_three_classes():
    # 4 of 6 right; p = (2, 2, 2), t = (3, 2, 1): (6·4 − (6+4+2)) / √((36−12)(36−14)) = 12 / √528
    view = model_of([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 2, 2], classes=3)
    assert value("mcc", view) == pytest.approx(12 / np.sqrt(528), abs=1e-15)


def test_mcc_of_one_class_is_zero_and_flagged():
    expected = Score(0.0, None, None, 4, "flagged", "collapsed")
    assert score("mcc", model_of([0, 1, 1, 0], [1, 1, 1, 1])) == expected
    assert score("mcc", model_of([1, 1, 1, 1], [1, 0, 1, 0])) == expected


def test_mcc_is_flagged_from_ninety_nine_percent_of_one_class():
    labels = np.arange(200) % 2
    one_other, three_others = np.zeros(200, dtype=int), np.zeros(200, dtype=int)
    one_other[1] = 1
    three_others[[1, 3, 5]] = 1
    assert score("mcc", model_of(labels, one_other)).reason == "collapsed"
    assert score("mcc", model_of(labels, three_others)).status == "ok"


def test_pearson():
    # deviations (−1, 0, 1) and (−2, 1, 1): 3 / √(2·6)
    view = regressor_of([1, 2, 3], [0, 3, 3])
    assert value("pearson", view) == pytest.approx(3 / np.sqrt(12), abs=1e-15)


def test_pearson_keeps_its_digits_far_from_zero():
    near, far = np.array([0.0, 1.0, 2.0, 4.0]), np.array([1.0, 0.0, 5.0, 3.0])
    assert value("pearson", regressor_of(far, near)) == value("pearson", regressor_of(far + 2.0**40, near))


def test_spearman_with_ties():
    # ranks (1, 2.5, 2.5, 4) and (1, 3, 2, 4), about 2.5: (−1.5, 0, 0, 1.5), (−1.5, .5, −.5, 1.5);
    # 4.5 / √(4.5·5)
    view = regressor_of([0, 2, 1, 3], [10, 20, 20, 30])
    assert value("spearman", view) == pytest.approx(4.5 / np.sqrt(22.5), abs=1e-15)


@pytest.mark.parametrize("name", ["pearson", "spearman"])
@pytest.mark.parametrize("constant", [0.1, 1e9 + 0.1, -3.7])
def test_correlation_with_a_constant_is_undefined(name, constant):
    assert score(name, regressor_of([1, 2, 3], [constant] * 3)) == Score.undefined("degenerate", 3)
    assert score(name, regressor_of([constant] * 7, range(7))) == Score.undefined("degenerate", 7)


def test_spearman_reads_weights_as_repetitions():
    view = regressor_of([0, 2, 1, 3], [10, 20, 20, 30])
    repeated = regressor_of([0, 0, 1, 3, 3, 3], [10, 10, 20, 30, 30, 30])
    found = load("spearman").weigh(view, np.array([[2.0, 0, 1, 3]]))
    assert found[0] == value("spearman", repeated)
