"""Scores of robustness: by hand, against scikit-learn and scipy, and what must hold of any answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_views import ids_of
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import cohen_kappa_score, matthews_corrcoef

from xkd_bench.metrics.contract import PerturbedModelView
from xkd_bench.metrics.registry import load, perturbed_metrics
from xkd_bench.metrics.robustness_scoring import PerturbedAnswers, score_robustness, spread

# Four examples, two draws: the student flips on (0, 1), (1, 0), (1, 1), the teacher on (1, 0), (1, 1), (3, 0).
LABELS = np.array([1, 1, 0, 0])
STUDENT = PerturbedModelView("classification", 2, np.array([1, 1, 0, 1]), np.array([[1, 0], [0, 0], [0, 0], [1, 1]]))
TEACHER = PerturbedModelView("classification", 2, np.array([1, 1, 0, 0]), np.array([[1, 1], [0, 0], [0, 0], [1, 0]]))
BY_HAND = PerturbedAnswers(ids_of(4), LABELS, STUDENT, TEACHER)


def score(answers, headline="accuracy", resamples=50, **options):
    return score_robustness(answers, load(headline), perturbed_metrics(), resamples, ("robustness",), **options)


def random_answers(seed, n=60, draws=4, classes=3, clusters=None):
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, n)
    plain = np.where(random.random(n) < 0.8, labels, random.integers(0, classes, n))
    views = []
    for _ in range(2):
        said = np.where(random.random(n) < 0.9, plain, random.integers(0, classes, n))
        turned = random.random((n, draws)) < random.choice([0.05, 0.4], size=(n, 1))
        moved = np.where(turned, random.integers(0, classes, (n, draws)), said[:, None])
        views.append(PerturbedModelView("classification", classes, said, moved))
    return PerturbedAnswers(ids_of(n), labels, *views, clusters)


def random_values(seed, n=50, draws=3):
    random = np.random.default_rng(seed)
    labels = random.uniform(0, 5, n)
    common = random.normal(size=(n, draws))
    views = []
    for _ in range(2):
        plain = labels + random.normal(size=n)
        views.append(
            PerturbedModelView("regression", 1, plain, plain[:, None] + common + random.normal(size=(n, draws)))
        )
    return PerturbedAnswers(ids_of(n), labels, *views)


def test_the_scores_of_four_examples_are_those_counted_by_hand():
    found = {name: one.value for name, one in score(BY_HAND).scores.items()}
    assert found["flip_rate"] == 3 / 8
    assert found["teacher.flip_rate"] == 3 / 8
    assert found["any_flip_rate"] == found["teacher.any_flip_rate"] == 0.5
    # Two inputs flip for both, four for neither: p_o = 6/8, p_e = (3·3 + 5·5)/64.
    assert found["flip_kappa"] == pytest.approx((6 / 8 - 34 / 64) / (1 - 34 / 64))
    # Examples 0 and 1 for the student, 1 and 3 for the teacher: as independent ones.
    assert found["any_flip_kappa"] == 0
    # Plain classes of the student: three of four are 1.
    assert found["normalised_flip_rate"] == pytest.approx((3 / 8) / (1 - (9 + 1) / 16))
    # Draws of the student: right are 0, 2 and then 2 alone.
    assert found["perturbed_score"] == pytest.approx((2 / 4 + 1 / 4) / 2)
    assert found["score_drop"] == pytest.approx(3 / 4 - 3 / 8)
    assert found["relative_drop"] == pytest.approx((3 / 4 - 3 / 8) / (3 / 4))
    assert found["teacher.relative_drop"] == pytest.approx(1 - (2 / 4 + 3 / 4) / 2)
    assert found["excess_drop"] == pytest.approx(found["relative_drop"] - found["teacher.relative_drop"])


def test_the_headline_of_each_draw_is_kept_and_its_spread():
    by_draw = score(BY_HAND).by_draw
    assert score(BY_HAND).plain == {"student": 0.75, "teacher": 1.0}
    assert by_draw == {"student": (0.5, 0.25), "teacher": (0.5, 0.75)}
    assert spread(by_draw["student"]) == pytest.approx(0.25 / np.sqrt(2))
    assert spread((0.5,)) is None


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6))
def test_kappas_of_flips_and_answers_are_those_of_scikit_learn(seed):
    answers = random_answers(seed)
    found = score(answers, "mcc", resamples=0)
    student, teacher = answers.student, answers.teacher
    flips = student.flipped.ravel(), teacher.flipped.ravel()
    any_flip = student.flipped.any(axis=1), teacher.flipped.any(axis=1)
    for name, raters in (
        ("flip_kappa", flips),
        ("any_flip_kappa", any_flip),
        ("perturbed_kappa", (student.perturbed.ravel(), teacher.perturbed.ravel())),
    ):
        assert found.scores[name].value == pytest.approx(cohen_kappa_score(*raters), abs=1e-12), name
    of_draws = [matthews_corrcoef(answers.labels, said) for said in student.perturbed.T]
    assert found.by_draw["student"] == pytest.approx(of_draws, abs=1e-12)
    assert found.scores["perturbed_score"].value == pytest.approx(np.mean(of_draws), abs=1e-12)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6))
def test_a_regression_is_judged_by_how_its_values_move(seed):
    answers = random_values(seed)
    found = score(answers, "spearman", resamples=20)
    moved = [(one.perturbed - one.plain[:, None]).ravel() for one in (answers.student, answers.teacher)]
    assert found.scores["change_correlation"].value == pytest.approx(pearsonr(*moved).statistic, abs=1e-9)
    assert found.scores["mean_change"].value == pytest.approx(np.abs(moved[0]).mean(), abs=1e-12)
    of_draws = [spearmanr(answers.labels, said).statistic for said in answers.student.perturbed.T]
    assert found.scores["perturbed_score"].value == pytest.approx(np.mean(of_draws), abs=1e-9)
    assert not [name for name in found.scores if "flip" in name]


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_the_order_of_the_examples_changes_no_bit(seed):
    answers = random_answers(seed)
    order = np.random.default_rng(seed).permutation(len(answers.labels))

    def rows(view):
        return replace(view, plain=view.plain[order], perturbed=view.perturbed[order])

    shuffled = PerturbedAnswers(
        tuple(np.array(answers.example_ids)[order]), answers.labels[order], rows(answers.student), rows(answers.teacher)
    )
    assert score(shuffled) == score(answers)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_a_student_that_is_its_teacher_flips_with_it_and_loses_no_more(seed):
    answers = random_answers(seed)
    found = score(replace(answers, student=answers.teacher)).scores
    assert found["flip_kappa"].value in (1.0, None)
    assert found["excess_drop"].value == 0 == found["excess_drop"].low == found["excess_drop"].high
    assert found["flip_rate"] == found["teacher.flip_rate"]


def test_nothing_flips_where_nothing_is_perturbed():
    still = random_answers(3)
    still = replace(
        still,
        student=replace(still.student, perturbed=np.repeat(still.student.plain[:, None], 4, axis=1)),
        teacher=replace(still.teacher, perturbed=np.repeat(still.teacher.plain[:, None], 4, axis=1)),
    )
    found = score(still).scores
    assert found["flip_rate"].value == found["score_drop"].value == 0
    assert found["flip_kappa"].reason == "degenerate"  # neither model ever flips: there is nothing to agree on


def test_a_relative_drop_of_next_to_nothing_is_undefined():
    answers = random_answers(5, n=40, classes=2)
    wrong = replace(answers, labels=1 - answers.student.plain)
    assert score(wrong).scores["relative_drop"].value is None
    assert score(wrong).scores["excess_drop"].value is None
    assert score(wrong).scores["score_drop"].value is not None


def test_scores_against_labels_that_may_have_changed_are_flagged_and_flips_are_not():
    found = score(random_answers(7), label_changing=True).scores
    flagged = {name for name, one in found.items() if one.reason == "label_changing"}
    of_scores = {"perturbed_score", "score_drop", "relative_drop"}
    assert flagged == of_scores | {f"teacher.{name}" for name in of_scores} | {"excess_drop"}
    assert all(found[name].status == "flagged" and found[name].value is not None for name in flagged)


def test_without_a_teacher_the_student_is_judged_alone():
    found = score(replace(random_answers(9), teacher=None))
    assert set(found.by_draw) == {"student"}
    assert "flip_rate" in found.scores
    assert not [name for name in found.scores if "kappa" in name or name.startswith("teacher.") or "excess" in name]


def test_the_interval_of_a_flip_rate_is_that_of_the_mean_over_examples():
    """All draws of an example are drawn together: the interval is as wide as that of the examples' own rates."""
    answers = random_answers(11, n=400, draws=10)
    found = score(answers, resamples=2000).scores["flip_rate"]
    rates = answers.student.flipped.mean(axis=1)
    assert found.value == pytest.approx(rates.mean())
    assert (found.high - found.low) / 3.92 == pytest.approx(rates.std() / np.sqrt(400), rel=0.1)
    whole_clusters = replace(answers, clusters=np.repeat(np.arange(40), 10))
    assert score(whole_clusters, resamples=200).scores["flip_rate"].value == found.value
