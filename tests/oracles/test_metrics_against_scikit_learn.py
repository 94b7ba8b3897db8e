"""Every metric against scikit-learn or scipy over many random inputs."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.special import softmax
from scipy.stats import binned_statistic, entropy, pearsonr, spearmanr
from sklearn.metrics import (
    accuracy_score,
    cohen_kappa_score,
    f1_score,
    matthews_corrcoef,
    mean_absolute_error,
)

from xkd_bench.metrics.contract import ModelView, PairView
from xkd_bench.metrics.registry import prediction_metrics
from xkd_bench.metrics.scoring import score_all

EXACT = 1e-12
SIZES = [1, 2, 3, 7, 50, 1000]


def model(kind, labels, logits):
    ids = tuple(map(str, range(len(labels))))
    return ModelView(kind, ids, labels, logits, logits.shape[1])


def classifiers(seed, n, classes):
    """Labels, student and teacher; skill, bias and temper differ from seed to seed, some are constant."""
    random = np.random.default_rng([seed, n, classes])
    labels = random.choice(classes, n, p=random.dirichlet(np.full(classes, 0.7)))
    views = []
    for _ in range(2):
        logits = random.normal(size=(n, classes)) * random.choice([0.1, 1, 5]) + random.normal(size=classes)
        logits[np.arange(n), labels] += random.choice([0, 1, 4])
        if random.random() < 0.15:
            logits[:, random.integers(classes)] += 100
        views.append(model("classification", labels, logits))
    return labels, *views


CASES = [(seed, n, classes) for classes in (2, 3, 100) for n in SIZES for seed in range(5)]


def values(view):
    return {name: score.value for name, score in score_all(view, prediction_metrics(), 0, ("oracle",)).items()}


def same(found, expected, tolerance=EXACT):
    """Equal to within rounding; the oracle's NaN is our None."""
    if found is None or np.isnan(expected):
        return found is None and bool(np.isnan(expected))
    return abs(found - expected) <= tolerance


def kappa_of(first, second, weights=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if len(first) == 0 or len(np.unique(np.concatenate([first, second]))) == 1:
            return np.nan
        return cohen_kappa_score(first, second, sample_weight=weights)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("seed", "n", "classes"), CASES)
def test_classification_quality(seed, n, classes):
    labels, student, _ = classifiers(seed, n, classes)
    found = values(student)
    assert same(found["accuracy"], accuracy_score(labels, student.predicted))
    assert same(found["mcc"], matthews_corrcoef(labels, student.predicted))
    if classes == 2:
        assert same(found["f1"], f1_score(labels, student.predicted, zero_division=np.nan))


@pytest.mark.parametrize(("seed", "n", "classes"), CASES)
def test_agreement_of_labels(seed, n, classes):
    labels, student, teacher = classifiers(seed, n, classes)
    found = values(PairView(student, teacher))
    s, t = student.predicted, teacher.predicted
    assert same(found["agreement"], accuracy_score(t, s))
    assert same(found["kappa"], kappa_of(s, t))
    assert same(found["error_consistency"], kappa_of(s == labels, t == labels))
    wrong = t != labels
    assert same(found["negative_transfer"], kappa_of(s[wrong], t[wrong]) - kappa_of(s[~wrong], t[~wrong]))
    # The marginals allow what sorting both lists, then moving the unmatched together, attains.
    assert same(found["kappa_max"], kappa_of(*best_matching(s, t, classes)))


def best_matching(first, second, classes):
    """Both lists in an order that makes as many equal pairs as their class counts allow."""
    counts = [np.bincount(side, minlength=classes) for side in (first, second)]
    matched = np.minimum(*counts)
    rest = [np.repeat(np.arange(classes), count - matched) for count in counts]
    shared = np.repeat(np.arange(classes), matched)
    return np.concatenate([shared, rest[0]]), np.concatenate([shared, rest[1]])


@pytest.mark.parametrize(("seed", "n", "classes"), [case for case in CASES if case[1] <= 50])
def test_kappa_of_independent_errors(seed, n, classes):
    """κ over all pairs (student's answer to i, teacher's answer to j) of examples with the same label."""
    labels, student, teacher = classifiers(seed, n, classes)
    i, j = np.nonzero(labels[:, np.newaxis] == labels)
    weights = 1.0 / np.bincount(labels)[labels[i]]
    expected = kappa_of(student.predicted[i], teacher.predicted[j], weights)
    assert same(values(PairView(student, teacher))["kappa_independent"], expected)


@pytest.mark.parametrize(("seed", "n", "classes"), CASES)
def test_agreement_of_probabilities(seed, n, classes):
    _, student, teacher = classifiers(seed, n, classes)
    found = values(PairView(student, teacher))
    p, q = softmax(teacher.logits, axis=1), softmax(student.logits, axis=1)
    assert found["kl_divergence"] == pytest.approx(entropy(p, q, axis=1).mean(), rel=1e-10, abs=EXACT)
    assert found["probability_loyalty"] == pytest.approx(1 - jensenshannon(p, q, axis=1).mean(), abs=1e-10)
    if n > 2:
        confidence = p.max(axis=1), q.max(axis=1)
        assert same(found["confidence_correlation"], correlation_of(pearsonr, *confidence), 1e-9)


@pytest.mark.parametrize(("seed", "n", "classes"), CASES)
def test_calibration(seed, n, classes):
    labels, student, teacher = classifiers(seed, n, classes)
    errors = [calibration_error(labels, view) for view in (student, teacher)]
    assert same(values(student)["expected_calibration_error"], errors[0])
    assert same(values(PairView(student, teacher))["calibration_gap"], errors[0] - errors[1])


def calibration_error(labels, view):
    sure = softmax(view.logits, axis=1).max(axis=1)
    correct = (view.predicted == labels).astype(int)
    overconfidence = binned_statistic(sure, sure - correct, "sum", bins=15, range=(0, 1)).statistic
    return np.abs(overconfidence).sum() / len(labels)


def correlation_of(function, x, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if len(x) < 2 or np.all(x == x[0]) or np.all(y == y[0]):
            return np.nan
        return float(function(x, y)[0])


@pytest.mark.parametrize("n", [2, 3, 7, 50, 1000])
@pytest.mark.parametrize("seed", range(12))
def test_regression(n, seed):
    random = np.random.default_rng([seed, n])
    labels = np.round(random.uniform(0, 5, n), random.integers(0, 3))
    student, teacher = (
        np.round(labels * random.normal(1, 0.3) + random.normal(size=n) * random.choice([0.01, 1, 10]), digits)
        + random.choice([0, 0, 1e4])
        for digits in random.integers(0, 9, 2)
    )
    if seed == 0:
        student[:] = 2.6
    views = [model("regression", labels, values[:, np.newaxis]) for values in (student, teacher)]
    found = values(views[0])
    assert same(found["pearson"], correlation_of(pearsonr, student, labels))
    assert same(found["spearman"], correlation_of(spearmanr, student, labels))
    pair = values(PairView(*views))
    assert pair["kappa"] is None
    assert same(pair["teacher_student_pearson"], correlation_of(pearsonr, student, teacher))
    assert same(pair["teacher_student_spearman"], correlation_of(spearmanr, student, teacher))
    assert pair["mean_absolute_difference"] == pytest.approx(mean_absolute_error(teacher, student), rel=EXACT)
    between = np.cov(student, teacher, ddof=0)
    expected = 2 * between[0, 1] / (np.trace(between) + (student.mean() - teacher.mean()) ** 2)
    assert same(pair["concordance"], expected)
