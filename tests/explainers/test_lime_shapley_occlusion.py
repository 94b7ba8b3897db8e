"""LIME, Shapley values and occlusion: games computed by hand, linear models, and what must hold for any model."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xkd_bench.explainers import halves, lime_attributions, occlusion_effects, plan_coalitions, reliability
from xkd_bench.explainers import shapley_values as shapley
from xkd_bench.explainers.shapley import exact_shapley, kernel_regression

EXPLAINERS = [lime_attributions, shapley, occlusion_effects]


def maskings(n):
    return plan_coalitions(n, 2**n, 2, ()).masks


def smooth_game(masks, seed):
    """A small random network of the mask, so that units interact; (m, n) → (m,)."""
    random = np.random.default_rng(seed)
    n = masks.shape[1]
    hidden = np.tanh(masks @ random.normal(size=(n, 12)) * (2 / math.sqrt(n)) + random.normal(size=12))
    return hidden @ random.normal(size=12)


def test_three_players_by_hand():
    # Glove game: player 0 owns a left glove, 1 and 2 a right one each; a pair is worth 1.
    masks = maskings(3)
    values = (masks[:, 0] & (masks[:, 1] | masks[:, 2])).astype(float)
    np.testing.assert_allclose(shapley(masks, values, True), [4 / 6, 1 / 6, 1 / 6], atol=1e-15)
    assert occlusion_effects(masks, values, True).tolist() == [1.0, 0.0, 0.0]


@pytest.mark.parametrize("n", [1, 2, 3, 6, 10])
def test_a_linear_model_is_explained_by_its_weights(n):
    masks = maskings(n)
    weights = np.random.default_rng(n).normal(size=n)
    values = 3.0 + masks @ weights
    np.testing.assert_allclose(shapley(masks, values, True), weights, atol=1e-12)
    np.testing.assert_allclose(occlusion_effects(masks, values), weights, atol=1e-12)
    np.testing.assert_allclose(lime_attributions(masks, values, True), shrunk(weights), atol=1e-10)
    if n > 1:  # the one row that keeps a single word weighs 1, as much as the ridge: half of the weight is left
        assert np.abs(shrunk(weights) - weights).max() < 0.05 * np.abs(weights).max()


def shrunk(weights):
    """What lime's ridge leaves of a linear model's weights, from binomial sums.

    Row weights depend only on how many units are kept, so the weighted covariance of the columns is
    (a − b) I + b 11ᵀ; α = 1 shrinks the mean of the weights by λ/(λ + 1) with λ = a + (n−1) b, and what is left of
    them with λ = a − b.
    """
    n = len(weights)
    kept = np.arange(n + 1)
    rows = np.where(kept < n, 99_999 / n, 1.0) * np.exp(-0.5 * (100 * (1 - np.sqrt(kept / n)) / 25) ** 2)
    total = rows.sum()
    mean = (rows * kept).sum() / n / total
    both = (rows * kept * (kept - 1)).sum() / max(n * (n - 1), 1) / total
    a, b = total * (mean - mean**2), total * (both - mean**2)
    common, rest = a + (n - 1) * b, a - b
    return weights.mean() * common / (common + 1) + (weights - weights.mean()) * rest / (rest + 1)


@pytest.mark.parametrize(("n", "sample"), [(12, 64), (40, 256), (120, 256)])
def test_a_linear_model_from_a_sample(n, sample):
    coalitions = plan_coalitions(n, 0, sample, ("linear",))
    weights = np.random.default_rng(n).normal(size=n)
    values = 1.0 + coalitions.masks @ weights
    np.testing.assert_allclose(shapley(coalitions.masks, values, False), weights, atol=1e-9)
    np.testing.assert_allclose(occlusion_effects(coalitions.masks, values), weights, atol=1e-9)
    # The ridge pulls the heavier the fewer maskings there are for a unit; the pattern stays.
    assert np.corrcoef(lime_attributions(coalitions.masks, values, False), weights)[0, 1] > 0.9


@pytest.mark.parametrize("explain", EXPLAINERS)
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(3, 7))
def test_equal_units_have_equal_scores_and_a_dummy_its_own(explain, seed, n):
    masks = maskings(n)
    symmetric = np.column_stack([masks[:, 0].astype(float) + masks[:, 1], masks[:, 2:-1]])
    values = smooth_game(symmetric, seed) + 0.7 * masks[:, -1]
    scores = explain(masks, values, True)
    assert scores[0] == pytest.approx(scores[1], abs=1e-9)
    without = explain(masks, values - 0.7 * masks[:, -1], True)
    assert scores[-1] - without[-1] == pytest.approx(0.7, abs=0.01)  # lime: but for the ridge
    if explain is not lime_attributions:
        assert without[-1] == pytest.approx(0.0, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(0, 60), sample=st.integers(2, 300))
def test_shapley_values_sum_to_the_gain(seed, n, sample):
    coalitions = plan_coalitions(n, 128, sample, (seed,))
    values = smooth_game(coalitions.masks, seed) * 10 ** (seed % 5 - 2) if n else np.ones(len(coalitions.masks))
    scores = shapley(coalitions.masks, values, coalitions.enumerated)
    full, empty = values[coalitions.masks.all(axis=1)][0], values[~coalitions.masks.any(axis=1)][0]
    assert abs(empty + scores.sum() - full) < 1e-10 * (1 + abs(full))


@pytest.mark.parametrize("explain", EXPLAINERS)
@pytest.mark.parametrize(("n", "sample"), [(6, 64), (14, 128), (200, 128)])
def test_order_of_rows_and_of_units_changes_nothing(explain, n, sample):
    coalitions = plan_coalitions(n, 64, sample, ("order",))
    values = smooth_game(coalitions.masks, 5)
    expected = explain(coalitions.masks, values, coalitions.enumerated)
    random = np.random.default_rng(0)
    rows, units = random.permutation(len(values)), random.permutation(n)
    shuffled = explain(coalitions.masks[rows], values[rows], coalitions.enumerated)
    np.testing.assert_allclose(shuffled, expected, atol=1e-9)
    renamed = explain(coalitions.masks[:, units], values, coalitions.enumerated)
    np.testing.assert_allclose(renamed, expected[units], atol=1e-9)


@pytest.mark.parametrize("explain", EXPLAINERS)
def test_no_units_and_one_unit(explain):
    assert explain(maskings(0), np.array([2.0]), True).shape == (0,)
    expected = shrunk(np.array([3.0]))[0] if explain is lime_attributions else 3.0
    assert explain(maskings(1), np.array([2.0, 5.0]), True)[0] == pytest.approx(expected)


def test_kernel_regression_on_all_maskings_is_exact():
    for n in range(1, 11):
        values = smooth_game(maskings(n), n)
        np.testing.assert_allclose(
            kernel_regression(maskings(n), values), exact_shapley(maskings(n), values), atol=1e-10
        )


def test_more_maskings_bring_both_regressions_nearer_to_all():
    n, errors = 13, {shapley: [], lime_attributions: []}
    masks = maskings(n)
    for sample in (64, 256, 1024, 4096):
        for explain, found in errors.items():
            found.append(0.0)
            for seed in range(6):
                values = smooth_game(masks, seed)
                exact = explain(masks, values, True)
                drawn = plan_coalitions(n, 0, sample, (seed,)).masks
                near = explain(drawn, values[drawn @ (1 << np.arange(n))], False)
                found[-1] += float(np.sum((near - exact) ** 2) / np.sum(exact**2)) / 6
    for found in errors.values():
        assert all(later < earlier / 2 for earlier, later in pairwise(found)), found
    assert errors[shapley][-1] < 1e-4
    assert errors[lime_attributions][-1] < 1e-3


def test_reliability_says_how_well_another_sample_repeats():
    n, masks, said, found = 13, maskings(13), [], []
    for seed in range(12):
        values = smooth_game(masks, seed)
        scores = []
        for draw in range(2):
            drawn = plan_coalitions(n, 0, 96, (seed, draw))
            at = values[drawn.masks @ (1 << np.arange(n))]
            scores.append(lime_attributions(drawn.masks, at, False))
            parts = [lime_attributions(drawn.masks[rows], at[rows], False) for rows in halves(drawn)]
            said.append(reliability(*parts))
        found.append(np.corrcoef(*scores)[0, 1])
    assert np.mean(said) == pytest.approx(np.mean(found), abs=0.06)


def test_exact_values_need_every_masking_once():
    masks, values = maskings(3), np.zeros(8)
    for wrong in ([0, 1, 2, 3, 4, 5, 6, 6], [0, 7]):
        with pytest.raises(ValueError, match="each of the 2"):
            shapley(masks[wrong], values[wrong], True)


def test_missing_rows():
    masks = np.array([[1, 1, 1], [0, 1, 1], [0, 0, 0]], dtype=bool)
    effects = occlusion_effects(masks, np.array([3.0, 1.0, 0.0]))
    assert effects[0] == 2.0
    assert np.isnan(effects[1:]).all()
    with pytest.raises(ValueError, match="full masking"):
        occlusion_effects(masks[1:], np.zeros(2))
    with pytest.raises(ValueError, match="empty masking"):
        shapley(masks[:2], np.zeros(2), False)
