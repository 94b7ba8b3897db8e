"""The measures of alignment against scipy and scikit-learn, and their scores against numpy on repeated rows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import accuracy_score
from sklearn.metrics.pairwise import cosine_similarity

from xkd_bench.metrics.contract import CoalitionView
from xkd_bench.metrics.draws import Median
from xkd_bench.metrics.registry import load

SIZES = [3, 4, 7, 20, 60, 196]


def explanations(seed, units):
    """Pairs of 40 explanations: alike or not, with a common level or not, with few distinct scores or many."""
    random = np.random.default_rng([seed, units])
    teacher, noise = random.normal(size=(2, 40, units))
    student = random.uniform(-1, 1, size=(40, 1)) * teacher + random.choice([0.01, 1, 3]) * noise
    digits = random.integers(0, 6)
    level = random.choice([0, 0, 3, 1e3])
    return np.round(teacher + level, digits), np.round(student * random.choice([1e-6, 1, 1e6]), digits)


def rows_of(oracle, teacher, student):
    return np.array(
        [oracle(t, s) if np.ptp(t) and np.ptp(s) else np.nan for t, s in zip(teacher, student, strict=True)]
    )


@pytest.mark.parametrize("units", SIZES)
@pytest.mark.parametrize("seed", range(12))
def test_similarities(seed, units):
    teacher, student = explanations(seed, units)
    found = {name: load(name).similarity(teacher, student) for name in ("centred_cosine", "rank_correlation")}
    expected = rows_of(lambda t, s: pearsonr(t, s).statistic, teacher, student)
    np.testing.assert_allclose(found["centred_cosine"], expected, rtol=0, atol=1e-10)
    expected = rows_of(lambda t, s: spearmanr(t, s).statistic, teacher, student)
    np.testing.assert_allclose(found["rank_correlation"], expected, rtol=0, atol=1e-12)
    whole = teacher.any(axis=1) & student.any(axis=1)
    expected = np.where(whole, np.diag(cosine_similarity(teacher, student)), np.nan)
    np.testing.assert_allclose(load("raw_cosine").similarity(teacher, student), expected, rtol=0, atol=1e-12)
    signs = [accuracy_score(np.sign(t), np.sign(s)) for t, s in zip(teacher, student, strict=True)]
    expected = np.where(whole, signs, np.nan)
    np.testing.assert_allclose(load("sign_agreement").similarity(teacher, student), expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("units", SIZES)
def test_top_units_without_ties_are_sets(units):
    teacher, student = np.random.default_rng(units).normal(size=(2, 40, units))
    k = max(1, int(np.ceil(units / 5)))
    tops = [[set(np.argsort(-np.abs(row))[:k]) for row in side] for side in (teacher, student)]
    expected = [len(t & s) / k for t, s in zip(*tops, strict=True)]
    assert load("top_overlap").similarity(teacher, student).tolist() == expected


def test_fidelity_is_the_correlation_over_maskings():
    random = np.random.default_rng(0)
    masks = (np.arange(64)[:, None] >> np.arange(6) & 1).astype(bool)
    for _ in range(20):
        teacher, student = random.normal(size=(2, 64)) + random.normal(scale=100)
        found = load("coalition_fidelity").per_example(CoalitionView(masks, teacher, student))
        assert found == pytest.approx(pearsonr(teacher, student).statistic, abs=1e-12)


@pytest.mark.parametrize("n", [1, 2, 5, 50])
def test_the_median_under_weights_is_that_of_repeated_values(n):
    random = np.random.default_rng(n)
    values = np.round(random.normal(size=n), 1)
    values[random.random(n) < 0.2] = np.nan
    weights = random.integers(0, 3, size=(200, n)).astype(float)
    known = ~np.isnan(values)
    repeated = [np.repeat(values[known], row[known].astype(int)) for row in weights]
    expected = [np.median(some) if len(some) else np.nan for some in repeated]
    np.testing.assert_allclose(Median(values).under(weights)[:, 0], expected, rtol=1e-15)
    plain = np.median(values[known]) if known.any() else np.nan
    np.testing.assert_equal(Median(values).plain()[0], plain)
