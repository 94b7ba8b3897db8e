"""How alike two explanations, or two models' answers to maskings, are: by hand, and what must hold for any."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from xkd_bench.metrics.contract import CoalitionView, ExplanationView
from xkd_bench.metrics.registry import coalition_metrics, similarity_metrics

SIMILARITIES = {metric.card.name: metric.similarity for metric in similarity_metrics()}
COALITIONS = {metric.card.name: metric.per_example for metric in coalition_metrics()}
EACH = pytest.mark.parametrize("name", sorted(SIMILARITIES))
QUICK = settings(deadline=None, max_examples=50)
WHOLE = st.integers(-20, 20).map(float)  # equal scores and zeros are common
SHAPES = st.tuples(st.integers(1, 4), st.integers(3, 12))


def one(name, teacher, student):
    return SIMILARITIES[name](np.array([teacher], dtype=float), np.array([student], dtype=float))[0]


def pairs(elements):
    return SHAPES.flatmap(lambda shape: st.tuples(*[arrays(np.float64, shape, elements=elements)] * 2))


def test_by_hand():
    teacher, student = [3, 1, -2, 0, 1], [1, 1, -1, -2, 0]
    assert one("raw_cosine", teacher, student) == pytest.approx(6 / np.sqrt(15 * 7))
    assert one("centred_cosine", teacher, student) == pytest.approx(6.6 / np.sqrt(13.2 * 6.8))
    # Ranks 5, 3½, 1, 2, 3½ and 4½, 4½, 2, 1, 3.
    assert one("rank_correlation", teacher, student) == pytest.approx(7.75 / 9.5)
    assert one("sign_agreement", teacher, student) == 3 / 5
    assert one("top_overlap", teacher, student) == 0.0
    assert one("top_overlap", teacher, [-4, 1, -1, -2, 0]) == 1.0


@pytest.mark.parametrize(
    ("teacher", "student", "expected"),
    [
        ([3, 1, -2, 0, 1], [2, 1, -2, 0, 0], 1 / 2),  # one place, shared by two units
        ([5, 1, 1, 1, 0, 0], [5, 1, 1, 1, 0, 0], 1.0),
        ([5, 1, 1, 1, 0, 0], [5, 1, 0, 0, 0, 0], (1 + 1 / 3) / 2),
        ([5, 1, 1, 1, 0, 0], [0, 1, 1, 0, 5, 0], (2 / 3) / 2),  # two thirds of a place against a whole one
        ([7, 7, 7, 7, 7, 7], [6, 5, 4, 3, 2, 1], 2 / 6),  # what chance would give
        ([1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], (1 / 5 + 1 / 5 + 4 / 5 * 1) / 2),
    ],
)
def test_units_tied_for_the_last_places_share_them(teacher, student, expected):
    assert one("top_overlap", teacher, student) == pytest.approx(expected)
    assert one("top_overlap", student, teacher) == pytest.approx(expected)


@pytest.mark.parametrize(("units", "places"), [(3, 1), (5, 1), (6, 2), (10, 2), (11, 3), (35, 7)])
def test_a_fifth_of_the_units_is_at_the_top(units, places):
    teacher = np.arange(units, 0, -1.0)
    student = np.where(np.arange(units) < places, teacher, 0.0)
    student[places - 1], student[-1] = 0.0, 1.0
    assert one("top_overlap", teacher, student) == pytest.approx((places - 1) / places)


@EACH
@QUICK
@given(both=pairs(st.floats(-1e300, 1e300, allow_subnormal=False)))
def test_equal_explanations_are_exactly_alike(name, both):
    vectors, _ = both
    found = SIMILARITIES[name](vectors, vectors.copy())
    is_zero = ~vectors.any(axis=1)
    is_constant = np.ptp(vectors, axis=1) <= 1e-12 * np.abs(vectors).max(axis=1)
    no_value = is_constant if name in ("centred_cosine", "rank_correlation") else is_zero
    assert (found[~no_value] == 1.0).all()
    assert np.isnan(found[no_value]).all()


@EACH
@pytest.mark.parametrize("units", [3, 4, 7, 8, 9, 16, 33, 130, 500])
def test_a_row_alone_has_the_bits_it_has_among_others(name, units):
    random = np.random.default_rng(units)
    teacher, student = random.normal(size=(2, 40, units))
    together = SIMILARITIES[name](teacher, student)
    alone = [SIMILARITIES[name](teacher[i : i + 1], student[i : i + 1])[0] for i in range(40)]
    assert together.tolist() == alone
    turned = SIMILARITIES[name](np.asfortranarray(teacher), np.asfortranarray(student))
    assert turned.tolist() == alone


@EACH
@QUICK
@given(both=pairs(WHOLE), factor=st.floats(1e-3, 1e3), power=st.integers(-60, 60))
def test_the_size_of_the_scores_does_not_matter(name, both, factor, power):
    teacher, student = both
    found = SIMILARITIES[name](teacher, student)
    np.testing.assert_array_equal(SIMILARITIES[name](teacher * 2.0**power, student), found)
    np.testing.assert_allclose(SIMILARITIES[name](teacher, student * factor), found, rtol=0, atol=1e-12)


@EACH
@QUICK
@given(both=pairs(WHOLE), seed=st.integers(0, 1000))
def test_the_order_of_the_units_does_not_matter(name, both, seed):
    teacher, student = both
    order = np.random.default_rng(seed).permutation(teacher.shape[1])
    found = SIMILARITIES[name](teacher[:, order], student[:, order])
    np.testing.assert_allclose(found, SIMILARITIES[name](teacher, student), rtol=0, atol=1e-14)


@EACH
@QUICK
@given(both=pairs(WHOLE))
def test_either_may_come_first_and_values_lie_in_the_range_of_the_card(name, both):
    teacher, student = both
    found = SIMILARITIES[name](teacher, student)
    np.testing.assert_array_equal(SIMILARITIES[name](student, teacher), found)
    low, high = next(metric.card.range for metric in similarity_metrics() if metric.card.name == name)
    assert (np.isnan(found) | ((found >= low) & (found <= high))).all()


@QUICK
@given(both=pairs(WHOLE), level=st.integers(-100, 100))
def test_the_level_does_not_matter_once_it_is_taken_out(both, level):
    teacher, student = both
    for name in ("centred_cosine", "rank_correlation"):
        found = SIMILARITIES[name](teacher + level, student)
        np.testing.assert_allclose(found, SIMILARITIES[name](teacher, student), rtol=0, atol=1e-12)
        opposite = SIMILARITIES[name](teacher, -student)
        np.testing.assert_allclose(opposite, -SIMILARITIES[name](teacher, student), rtol=0, atol=1e-14)


@EACH
def test_what_cannot_be_compared_has_no_value_and_gives_no_warning(name):
    some = [1.0, -2.0, 0.5]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(one(name, [0, 0, 0], some))
        assert math.isnan(one(name, some, [0, 0, 0]))
        of_a_constant = one(name, [0.1, 0.1 + 1e-16, 0.1], some)
    assert math.isnan(of_a_constant) == (name in ("centred_cosine", "rank_correlation"))


@EACH
@pytest.mark.parametrize("size", [1e-320, 1e-200, 1e200, 1e308])
def test_no_square_is_too_large_or_too_small(name, size):
    teacher, student = np.array([[1.0, -2.0, 5.0], [3.0, -1.0, 4.0]]) * (size / 5)
    assert one(name, teacher, student) == pytest.approx(one(name, [1, -2, 5], [3, -1, 4]), abs=1e-3)


# Coalitions

MASKS = (np.arange(8)[:, None] >> np.arange(3) & 1).astype(bool)
NUMBERS = arrays(np.float64, 8, elements=st.floats(-1e3, 1e3))


def values(full=1.0, empty=0.0, effects=(0, 0, 0)):
    """Values of the 8 maskings of 3 units: the full one, the empty one, and f(x) minus the given effects."""
    found = np.zeros(8)
    found[7], found[0] = full, empty
    found[[6, 5, 3]] = full - np.array(effects)
    return found


def answer(name, teacher, student, rows=slice(None)):
    return COALITIONS[name](CoalitionView(MASKS[rows], teacher[rows], student[rows]))


@QUICK
@given(NUMBERS)
def test_a_model_agrees_with_itself_exactly(said):
    fidelity = answer("coalition_fidelity", said, said)
    assert fidelity == 1.0 or np.ptp(said) <= 1e-12 * np.abs(said).max()
    assert answer("counterfactual_agreement", said, said) == 1.0
    assert answer("contrast_mismatch", said, said) == 0.0


@QUICK
@given(NUMBERS, NUMBERS)
def test_what_holds_for_any_two_models(teacher, student):
    fidelity = answer("coalition_fidelity", teacher, student)
    assert math.isnan(fidelity) or -1 <= fidelity <= 1
    assert answer("counterfactual_agreement", teacher, student) in (0, 1 / 3, 2 / 3, 1)
    assert answer("contrast_mismatch", teacher, student) in (0.0, 1.0)
    for name in COALITIONS:
        np.testing.assert_equal(answer(name, teacher, student), answer(name, student, teacher))


def test_fidelity_of_a_model_that_turns_the_other_round():
    teacher = np.random.default_rng(0).normal(size=8)
    assert answer("coalition_fidelity", teacher, 5 - 2 * teacher) == pytest.approx(-1)
    assert math.isnan(answer("coalition_fidelity", teacher, np.full(8, 0.1)))


def test_signs_of_single_units_by_hand():
    teacher = values(effects=[0.5, -0.2, 0.0])
    assert answer("counterfactual_agreement", teacher, values(effects=[0.1, -9.0, 0.0])) == 1.0
    assert answer("counterfactual_agreement", teacher, values(effects=[0.1, 0.3, 0.0])) == pytest.approx(2 / 3)
    assert answer("counterfactual_agreement", teacher, values(effects=[0.0, 0.3, 0.1])) == 0.0
    # Rounding of a logit is no effect.
    assert answer("counterfactual_agreement", teacher, values(effects=[0.1, -0.1, 1e-7])) == 1.0
    assert answer("counterfactual_agreement", teacher, -teacher, [0, 6, 7]) == 0.0
    assert math.isnan(answer("counterfactual_agreement", teacher, teacher, [0, 7]))


def test_contrasts_of_opposite_sign():
    up, down, flat = (values(full=full) for full in (2.0, -1.0, 0.0))
    assert answer("contrast_mismatch", up, down) == 1.0
    assert answer("contrast_mismatch", up, 3 * up) == 0.0
    assert answer("contrast_mismatch", up, flat) == 0.0


def test_views_that_cannot_be_scored_are_refused():
    for rows in ([1, 2, 7], [0, 1, 2], []):
        with pytest.raises(ValueError, match="full and the empty masking"):
            CoalitionView(MASKS[rows], np.zeros(len(rows)), np.zeros(len(rows)))
    three, two = np.ones(3), np.ones(2)
    for teacher, student, marks in ((three, two, three), (three, three, two), (three[None], three[None], three)):
        with pytest.raises(ValueError, match="example 'x'"):
            ExplanationView(("x",), (teacher,), (student,), (marks > 1,), (None,), np.zeros(1, dtype=int))
