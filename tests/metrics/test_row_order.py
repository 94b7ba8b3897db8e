"""One prediction list is shuffled: it must raise, joining must repair it, and κ ≈ 0 must be noticed.

Two published models with 180 and 187 errors of CoLA's 1,043 sentences (721 acceptable, 322 not) were reported
with κ = −0.0003. No such pair with independent errors comes near it; a shuffled list gives it on average.
"""

from __future__ import annotations

import numpy as np
import pytest
from made_views import ids_of, model_of, random_pair, random_regression_pair

from xkd_bench.errors import ExampleIdError
from xkd_bench.metrics.contract import ModelView, PairView
from xkd_bench.metrics.registry import load
from xkd_bench.metrics.row_order import independence_warning, row_order_warning
from xkd_bench.metrics.scoring import resample, score_all
from xkd_bench.metrics.tables import LabelTable, PredictionTable, join, model_view

LABELS = np.repeat([1, 0], [721, 322])


def said_with_errors(random, false_positives, false_negatives):
    said = LABELS.copy()
    said[random.choice(721, false_negatives, replace=False)] = 0
    said[721 + random.choice(322, false_positives, replace=False)] = 1
    return said


def cola_like(seed):
    """Student and teacher with 187 and 180 errors, independent given the label."""
    random = np.random.default_rng(seed)
    return said_with_errors(random, 117, 70), said_with_errors(random, 110, 70)


def kappa(pair):
    return score_all(pair, [load("kappa")], 0, ("x",))["kappa"].value


def tables(seed=0):
    student, teacher = cola_like(seed)
    ids = ids_of(1043)
    labels = LabelTable("classification", ids, LABELS, 2)
    return labels, PredictionTable(ids, np.eye(2)[student]), PredictionTable(ids, np.eye(2)[teacher])


def test_rows_in_another_order_raise_and_name_the_id():
    labels, student, _ = tables()
    order = np.random.default_rng(1).permutation(1043)
    other = PredictionTable(tuple(student.example_ids[row] for row in order), student.logits[order])
    with pytest.raises(ExampleIdError, match=f"example-{order[0]:05d}"):
        model_view(labels, other, "student predictions")


def test_a_pair_of_views_in_different_orders_raises_and_names_the_id():
    pair = random_pair(0, 20)
    student = pair.student
    ids = (*student.example_ids[:3], student.example_ids[4], student.example_ids[3], *student.example_ids[5:])
    moved = ModelView("classification", ids, student.labels, student.logits, student.classes)
    with pytest.raises(ExampleIdError, match=r"row 3(.|\n)*example-00003(.|\n)*example-00004"):
        PairView(moved, pair.teacher)
    shorter = ModelView("classification", ids_of(19), student.labels[:19], student.logits[:19], 3)
    with pytest.raises(ExampleIdError, match="no example"):
        PairView(shorter, pair.teacher)


def test_joining_by_id_restores_the_exact_kappa():
    labels, student, teacher = tables()
    order = np.random.default_rng(1).permutation(1043)
    other = PredictionTable(tuple(student.example_ids[row] for row in order), student.logits[order])
    assert kappa(join(labels, other, teacher)) == kappa(join(labels, student, teacher))
    assert kappa(join(labels, student, teacher)) > 0.25


def test_independent_errors_give_a_kappa_near_its_reference_and_no_warning():
    found = []
    for seed in range(20):
        student, teacher = cola_like(seed)
        pair = PairView(model_of(LABELS, student), model_of(LABELS, teacher))
        found.append(kappa(pair))
        reference = score_all(pair, [load("kappa_independent")], 0, ("x",))["kappa_independent"].value
        assert 0.28 < reference < 0.48
        assert row_order_warning(pair, 200, ("x",)) is None
    assert np.mean(found) == pytest.approx(reference, abs=0.02)


def test_a_shuffled_list_has_kappa_zero_and_is_noticed():
    """Both lists keep their labels and so their accuracy, but row i of one is not row i of the other."""
    random = np.random.default_rng(0)
    found = []
    for seed in range(200):
        student, teacher = cola_like(seed)
        order = random.permutation(1043)
        pair = PairView(model_of(LABELS[order], student[order]), model_of(LABELS, teacher))
        found.append(kappa(pair))
        if seed < 10:
            accuracy = score_all(pair.student, [load("accuracy")], 0, ("x",))["accuracy"].value
            assert accuracy == pytest.approx(1 - 187 / 1043)
            message = row_order_warning(pair, 200, ("x",))
            assert message is not None
            assert "same row order" in message
    assert np.mean(found) == pytest.approx(0, abs=3 * 0.031 / np.sqrt(200))
    assert np.std(found) == pytest.approx(0.030, abs=0.005)


def test_the_warning_is_a_sentence_with_its_numbers():
    assert independence_warning(-0.0003, 0.33, 0.03) == (
        "κ = -0.000 (standard error 0.030) is more than 4 standard errors below 0.330, which two models of "
        "this accuracy reach even if their errors are independent. Check that both prediction lists are in "
        "the same row order: join them by example id."
    )
    assert independence_warning(0.22, 0.33, 0.03) is None
    assert independence_warning(float("nan"), 0.33, 0.03) is None


def test_no_warning_where_there_is_no_kappa():
    assert row_order_warning(random_regression_pair(0), 20, ("x",)) is None
    constant = PairView(model_of([0, 1], [1, 1]), model_of([0, 1], [1, 1]))
    assert row_order_warning(constant, 20, ("x",)) is None
    assert row_order_warning(random_pair(0), 0, ("x",)) is None


def test_its_standard_error_is_that_of_the_shared_draws():
    pair = random_pair(0)
    values = resample(pair, [load("kappa")], 400, ("x",))["kappa"].values
    # The standard error of κ at p_o, p_e by Cohen's own formula: √(p_o (1 − p_o) / n) / (1 − p_e)
    agree = np.mean(pair.student.predicted == pair.teacher.predicted)
    chance = sum(np.mean(pair.student.predicted == c) * np.mean(pair.teacher.predicted == c) for c in range(3))
    assert np.std(values, ddof=1) == pytest.approx(np.sqrt(agree * (1 - agree) / 200) / (1 - chance), rel=0.1)
