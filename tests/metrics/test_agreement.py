"""Student against teacher, each number computed by hand."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest
from made_views import model_with_logits, pair_of, regression_pair

from xkd_bench.metrics.contract import PairView, Score
from xkd_bench.metrics.registry import load
from xkd_bench.metrics.scoring import score_all


def score(name, view):
    return score_all(view, [load(name)], 0, ("test",))[name]


def value(name, view):
    return score(name, view).value


# The student says class 1 five times, the teacher four times, and they differ twice and once.
LABELS = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
STUDENT = [1, 1, 1, 0, 1, 1, 0, 0, 0, 0]
TEACHER = [1, 1, 0, 1, 1, 0, 0, 0, 0, 0]
PAIR = pair_of(LABELS, STUDENT, TEACHER)


def test_agreement():
    assert value("agreement", PAIR) == 0.7


def test_kappa():
    # p_o = .7, p_e = .5·.4 + .5·.6 = .5
    assert value("kappa", PAIR) == pytest.approx(0.4, abs=1e-15)


def test_kappa_of_one_constant_rater_is_exactly_zero_and_flagged():
    constant = pair_of(LABELS, [1] * 10, TEACHER)
    assert score("kappa", constant) == Score(0.0, None, None, 10, "flagged", "collapsed")
    opposite = pair_of(LABELS, [1] * 10, [0] * 10)
    assert score("kappa", opposite) == Score(0.0, None, None, 10, "flagged", "collapsed")


@pytest.mark.parametrize("name", ["kappa", "kappa_independent", "kappa_max"])
def test_kappa_of_two_constant_raters_is_undefined_never_one(name):
    assert score(name, pair_of(LABELS, [1] * 10, [1] * 10)) == Score.undefined("degenerate", 10)


def test_kappa_of_a_regression_is_undefined_with_its_reason():
    assert score("kappa", regression_pair([1, 2, 3], [1, 2, 3])) == Score.undefined("regression", 3)


def test_kappa_can_be_negative():
    # p_o = 0, p_e = .5
    assert value("kappa", pair_of([0, 1], [0, 1], [1, 0])) == -1.0


def test_kappa_independent():
    # Label 1 (4 examples): student 3/4 right, teacher 3/4. Label 0 (6): student 4/6 right, teacher 5/6.
    same_if_one = 3 / 4 * 3 / 4 + 1 / 4 * 1 / 4
    same_if_zero = 4 / 6 * 5 / 6 + 2 / 6 * 1 / 6
    observed = 0.4 * same_if_one + 0.6 * same_if_zero
    assert value("kappa_independent", PAIR) == pytest.approx((observed - 0.5) / 0.5, abs=1e-15)


def test_kappa_max():
    # min(5, 4) + min(5, 6) = 9 of 10 could agree
    assert value("kappa_max", PAIR) == pytest.approx((0.9 - 0.5) / 0.5, abs=1e-15)


def test_negative_transfer():
    # The teacher is wrong on rows 2 and 4, saying 0 and 1; the student says 1 and 1: p_o = p_e = 1/2, κ = 0.
    # Right on the other 8: teacher 1 1 1 0 0 0 0 0, student 1 1 0 1 0 0 0 0: p_o = 6/8, p_e = (9 + 25)/64.
    observed, chance = 6 / 8, 34 / 64
    found = score("negative_transfer", PAIR)
    assert found.value == pytest.approx(0 - (observed - chance) / (1 - chance), abs=1e-15)
    assert found.reason == "collapsed"  # the student says one class on both examples the teacher has wrong


def test_negative_transfer_needs_a_teacher_that_errs():
    assert score("negative_transfer", pair_of(LABELS, STUDENT, LABELS)) == Score.undefined("degenerate", 10)


def test_negative_transfer_of_a_copy_is_zero():
    found = score("negative_transfer", pair_of(LABELS, TEACHER, TEACHER))
    assert (found.value, found.status) == (0.0, "ok")


def test_error_consistency():
    # Student right on 7, teacher on 8, both on 6, neither on 1 (row 4): c_o = .7, c_e = .7·.8 + .3·.2 = .62
    assert value("error_consistency", PAIR) == pytest.approx((0.7 - 0.62) / 0.38, abs=1e-15)


def test_error_consistency_of_faultless_models():
    assert score("error_consistency", pair_of(LABELS, LABELS, LABELS)) == Score.undefined("degenerate", 10)
    assert score("error_consistency", pair_of(LABELS, LABELS, TEACHER)).reason == "collapsed"


def probabilities_pair(student, teacher):
    labels = [0] * len(student)
    return PairView(model_with_logits(labels, np.log(student)), model_with_logits(labels, np.log(teacher)))


def test_kl_divergence_has_the_teacher_first():
    pair = probabilities_pair([[0.5, 0.5]], [[0.25, 0.75]])
    assert value("kl_divergence", pair) == pytest.approx(0.25 * log(0.5) + 0.75 * log(1.5), abs=1e-15)


def test_kl_divergence_stays_finite_for_a_probability_that_underflows():
    pair = PairView(model_with_logits([0], [[0.0, -2000.0]]), model_with_logits([0], [[-2000.0, 0.0]]))
    assert value("kl_divergence", pair) == 2000.0


def test_probability_loyalty_is_in_natural_logarithms():
    # m = (3/8, 5/8): JS = ½ [½ log 4/3 + ½ log 4/5 + ¼ log 2/3 + ¾ log 6/5]
    pair = probabilities_pair([[0.5, 0.5]], [[0.25, 0.75]])
    divergence = 0.5 * (0.5 * log(4 / 3) + 0.5 * log(4 / 5) + 0.25 * log(2 / 3) + 0.75 * log(6 / 5))
    assert value("probability_loyalty", pair) == pytest.approx(1 - sqrt(divergence), abs=1e-15)


def test_probability_loyalty_at_its_worst():
    pair = PairView(model_with_logits([0], [[0.0, -2000.0]]), model_with_logits([0], [[-2000.0, 0.0]]))
    found = value("probability_loyalty", pair)
    assert found == pytest.approx(1 - sqrt(log(2)), abs=1e-15)
    assert found == pytest.approx(load("probability_loyalty").card.range[0], abs=1e-15)


def test_probability_loyalty_keeps_its_digits_for_nearly_equal_models():
    # For a small difference d of p(1 − p)-variance v the distance is d / √(8 v) to first order.
    tiny = 1e-9
    pair = probabilities_pair([[0.5, 0.5]], [[0.5 + tiny, 0.5 - tiny]])
    assert 1 - value("probability_loyalty", pair) == pytest.approx(tiny / sqrt(2), rel=1e-6)


def test_concordance():
    # means 2 and 3, variances 2/3 and 8/3, covariance 4/3: 2·4/3 / (2/3 + 8/3 + 1)
    assert value("concordance", regression_pair([1, 2, 3], [1, 3, 5])) == pytest.approx((8 / 3) / (13 / 3), abs=1e-15)


def test_concordance_of_constants():
    found = score("concordance", regression_pair([2, 2, 2], [1, 3, 5]))
    assert found == Score(0.0, None, None, 3, "flagged", "collapsed")
    assert score("concordance", regression_pair([2, 2], [2, 2])) == Score.undefined("degenerate", 2)


def test_mean_absolute_difference():
    assert value("mean_absolute_difference", regression_pair([1, 2, 3], [1, 3, 5])) == 1.0


def test_correlation_with_the_teacher():
    pair = regression_pair([1, 2, 3], [0, 3, 3])
    assert value("teacher_student_pearson", pair) == pytest.approx(3 / sqrt(12), abs=1e-15)
    # ranks (1, 2, 3) and (1, 2.5, 2.5): 1.5 / √(2 · 1.5)
    assert value("teacher_student_spearman", pair) == pytest.approx(1.5 / sqrt(3), abs=1e-15)


def test_labels_that_are_no_classes_are_refused():
    from xkd_bench.errors import BadInputError

    with pytest.raises(BadInputError, match="-1 \\(1 of 2 are outside\\)"):
        score_all(pair_of([0, -1], [0, 1], [0, 1]), [load("kappa_independent")], 0, ("test",))
