"""Faithfulness from curves: areas by hand and by scikit-learn, intervals that know what is chance."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import auc

from xkd_bench.metrics import registry
from xkd_bench.metrics.contract import FloatArray, MaskingView
from xkd_bench.metrics.draws import Draws
from xkd_bench.metrics.faithfulness.area import area
from xkd_bench.metrics.faithfulness_scoring import Resampling, score_masking, transfer_ratio

LEVELS = np.array([0.0, 0.2, 0.4, 0.6, 0.8])
IDS = [str(i) for i in range(60)]


def metric(name: str):
    return next(one for one in registry.masking_metrics() if one.card.name == name)


def view_of(most: FloatArray, least: FloatArray, random: FloatArray, **tops: FloatArray) -> MaskingView:
    return MaskingView(LEVELS, most, least, random, **tops)


def test_areas_by_hand() -> None:
    curve = np.array([[1.0, 0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 0.5, 0.5, 0.5, 0.0]])
    np.testing.assert_allclose(area(LEVELS, curve), [0.1 / 0.8, 1.0, (0.15 + 0.1 + 0.1 + 0.05) / 0.8])


@pytest.mark.parametrize("seed", range(5))
def test_areas_equal_those_of_scikit_learn(seed: int) -> None:
    random = np.random.default_rng(seed)
    levels = np.concatenate([[0.0], np.sort(random.random(6))])
    curves = random.random((20, 7))
    expected = [auc(levels, curve) / levels[-1] for curve in curves]
    np.testing.assert_allclose(area(levels, curves), expected, rtol=1e-12)
    np.testing.assert_allclose(area(levels, curves).mean(), area(levels, curves.mean(axis=0)), rtol=1e-12)


def test_the_metrics_by_hand() -> None:
    view = view_of(
        most=np.array([[0.9, 0.1, 0.1, 0.1, 0.1]]),
        least=np.array([[0.9, 0.9, 0.9, 0.9, 0.1]]),
        random=np.array([[0.9, 0.5, 0.5, 0.5, 0.1]]),
        without_top=np.array([0.28]),
        only_top=np.array([0.7]),
    )
    areas = {"most": (0.1 + 3 * 0.02) / 0.8, "least": (3 * 0.18 + 0.1) / 0.8, "random": (0.14 + 0.2 + 0.06) / 0.8}
    found = {one.card.name: one.per_example(view)[0] for one in registry.masking_metrics()}
    assert found["drop_most_first"] == pytest.approx(areas["random"] - areas["most"])
    assert found["kept_least_first"] == pytest.approx(areas["least"] - areas["random"])
    assert found["comprehensiveness"] == pytest.approx(0.9 - 0.28)
    assert found["sufficiency"] == pytest.approx(0.9 - 0.7)


def test_an_order_that_says_nothing_has_no_drop_and_a_faithful_one_has() -> None:
    random = np.random.default_rng(0)
    mean = np.array([1.0, 0.8, 0.6, 0.4, 0.3])
    noisy = [np.clip(mean + 0.2 * random.normal(size=(60, 5)), 0, 1) for _ in range(3)]
    over = Resampling(IDS, 500, ("seed",))
    nothing = score_masking({"probability": view_of(*noisy)}, np.ones(60, bool), registry.masking_metrics(), over)
    score = nothing.score("probability", "drop_most_first")
    assert score.low is not None
    assert score.high is not None
    assert score.low < 0 < score.high
    steep = np.clip(noisy[0] * np.array([1, 0.3, 0.2, 0.2, 0.2]), 0, 1)
    faithful = score_masking(
        {"probability": view_of(steep, *noisy[1:])}, np.ones(60, bool), registry.masking_metrics(), over
    )
    low = faithful.score("probability", "drop_most_first").low
    assert low is not None
    assert low > 0.1
    assert nothing.score("probability", "comprehensiveness").value is None, "images have none"


def test_examples_that_do_not_count_and_the_order_of_the_others_change_nothing() -> None:
    random = np.random.default_rng(1)
    curves = [random.random((60, 5)) for _ in range(3)]
    counted = random.random(60) < 0.7
    metrics = registry.masking_metrics()
    over = Resampling(IDS, 300, ("seed",))
    found = score_masking({"probability": view_of(*curves)}, counted, metrics, over)
    spoilt = [np.where(counted[:, None], curve, np.nan) for curve in curves]
    again = score_masking({"probability": view_of(*spoilt)}, np.ones(60, bool), metrics, over)
    order = random.permutation(60)
    shuffled = score_masking(
        {"probability": view_of(*(curve[order] for curve in curves))},
        counted[order],
        metrics,
        Resampling([IDS[i] for i in order], 300, ("seed",)),
    )
    for other in (again, shuffled):
        assert other.curves == found.curves
        assert other.score("probability", "drop_most_first") == found.score("probability", "drop_most_first")
    assert found.score("probability", "drop_most_first").n == counted.sum()
    assert found.curves["probability"]["most"].points[0].value == pytest.approx(curves[0][counted, 0].mean())


def test_a_transfer_ratio_is_undefined_where_the_students_own_explanation_is_no_better_than_chance() -> None:
    values = np.concatenate([[0.2], np.linspace(0.1, 0.3, 99)])
    half = transfer_ratio(Draws(values / 2, 50), Draws(values, 50))
    assert half.value == pytest.approx(0.5)
    assert (half.low, half.high) == (pytest.approx(0.5), pytest.approx(0.5))
    around_zero = Draws(np.concatenate([[0.01], np.linspace(-0.1, 0.1, 99)]), 50)
    assert transfer_ratio(Draws(values, 50), around_zero).reason == "unfaithful"
    nothing = Draws(np.full(100, np.nan), 0)
    assert transfer_ratio(nothing, Draws(values, 50)).reason == "not_measured"
