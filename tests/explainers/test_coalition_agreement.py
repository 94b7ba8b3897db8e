"""Agreement of two models over the maskings, by hand and against scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import pearsonr

from xkd_bench.explainers import (
    coalition_fidelity,
    contrast_mismatch,
    counterfactual_agreement,
    plan_coalitions,
    reliability,
)

MASKS = plan_coalitions(3, 8, 8, ()).masks
NUMBERS = arrays(np.float64, 8, elements=st.floats(-1e3, 1e3))


def table(**effects_and_ends):
    """Values of the 8 maskings of 3 units: the full one, the empty one, and f(x) minus the given effects."""
    values = np.zeros(8)
    values[7] = effects_and_ends.get("full", 1.0)
    values[0] = effects_and_ends.get("empty", 0.0)
    values[[6, 5, 3]] = values[7] - np.array(effects_and_ends["effects"])
    return values


def test_fidelity_is_the_correlation_over_maskings():
    random = np.random.default_rng(0)
    for _ in range(20):
        teacher, student = random.normal(size=(2, 100))
        assert coalition_fidelity(teacher, student) == pytest.approx(pearsonr(teacher, student).statistic, abs=1e-14)
    assert coalition_fidelity(teacher, 5 - 2 * teacher) == pytest.approx(-1)
    assert math.isnan(coalition_fidelity(teacher, np.full(100, 0.1)))
    assert math.isnan(coalition_fidelity(teacher[:1], teacher[:1]))


@given(NUMBERS)
def test_a_model_agrees_with_itself_exactly(values):
    fidelity = coalition_fidelity(values, values)
    assert fidelity == 1.0 or np.ptp(values) <= 1e-12 * np.abs(values).max()
    assert counterfactual_agreement(MASKS, values, values) == 1.0
    assert contrast_mismatch(MASKS, values, values) is False


@given(NUMBERS, NUMBERS)
def test_what_holds_for_any_two_models(teacher, student):
    fidelity = coalition_fidelity(teacher, student)
    assert math.isnan(fidelity) or -1 <= fidelity <= 1
    share = counterfactual_agreement(MASKS, teacher, student)
    assert share in (0, 1 / 3, 2 / 3, 1)
    assert share == counterfactual_agreement(MASKS, student, teacher)
    assert contrast_mismatch(MASKS, teacher, student) == contrast_mismatch(MASKS, student, teacher)


def test_signs_of_single_words_by_hand():
    teacher = table(effects=[0.5, -0.2, 0.0])
    assert counterfactual_agreement(MASKS, teacher, table(effects=[0.1, -9.0, 0.0])) == 1.0
    assert counterfactual_agreement(MASKS, teacher, table(effects=[0.1, 0.3, 0.0])) == pytest.approx(2 / 3)
    assert counterfactual_agreement(MASKS, teacher, table(effects=[0.0, 0.3, 0.1])) == 0.0
    # Rounding of a logit is no effect.
    assert counterfactual_agreement(MASKS, teacher, table(effects=[0.1, -0.1, 1e-7])) == 1.0
    one_word = MASKS[[0, 6, 7]]
    assert counterfactual_agreement(one_word, teacher[[0, 6, 7]], -teacher[[0, 6, 7]]) == 0.0
    assert math.isnan(counterfactual_agreement(MASKS[[0, 7]], teacher[[0, 7]], teacher[[0, 7]]))


def test_contrasts_of_opposite_sign():
    up, down, flat = (table(effects=[0, 0, 0], full=full) for full in (2.0, -1.0, 0.0))
    assert contrast_mismatch(MASKS, up, down) is True
    assert contrast_mismatch(MASKS, up, 3 * up) is False
    assert contrast_mismatch(MASKS, up, flat) is False


def test_reliability_of_the_whole_from_its_halves():
    first, second = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 3.0, 2.0, 4.0])
    assert reliability(first, second) == pytest.approx(2 * 0.8 / 1.8)
    assert reliability(first, first) == 1.0
    assert math.isnan(reliability(first, -first))
    assert math.isnan(reliability(first, np.ones(4)))
