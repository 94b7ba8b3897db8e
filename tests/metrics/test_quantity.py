"""Scores as functions of weights and of exchanges: against their own views, taken apart by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xkd_bench.metrics import registry
from xkd_bench.metrics.contract import ModelView, PairView, SumMetric, WeightMetric
from xkd_bench.metrics.quantity import Quantity, Weighed, dense, mean_of, of_statistics
from xkd_bench.statistics.jackknife import groups

IDS = tuple(f"{place:03d}" for place in range(40))


def view(seed: int, kind: str = "classification") -> PairView:
    random = np.random.default_rng(seed)
    labels = np.random.default_rng(0).integers(0, 3, 40) if kind == "classification" else np.arange(40.0)
    width = 3 if kind == "classification" else 1
    teacher = np.random.default_rng(1).normal(size=(40, width)) + (0 if width > 1 else labels[:, None] / 10)
    student = random.normal(size=(40, width)) + teacher
    models = [ModelView(kind, IDS, labels, logits, width) for logits in (student, teacher)]  # type: ignore[arg-type]
    return PairView(*models)


def quantity(name: str, of: PairView) -> Quantity:
    metric = registry.load(name)
    part = of if metric.card.subject == "pair" else of.student
    if isinstance(metric, WeightMetric):
        return Weighed(IDS, None, 40, metric, part)
    assert isinstance(metric, SumMetric)
    return of_statistics(lambda some: dense(metric.statistics(some)), metric.finish, part, IDS, None)


def exchanged_by_hand(one: PairView, other: PairView, swapped: np.ndarray) -> tuple[PairView, PairView]:
    logits = [np.where(swapped[:, None], b.student.logits, a.student.logits) for a, b in ((one, other), (other, one))]
    views = []
    for some in logits:
        student = ModelView(one.student.kind, IDS, one.student.labels, some, one.student.classes)
        views.append(PairView(student, one.teacher))
    return views[0], views[1]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("accuracy", "classification"), ("mcc", "classification"), ("kappa", "classification"),
     ("kl_divergence", "classification"), ("spearman", "regression"), ("teacher_student_pearson", "regression")],
)  # fmt: skip
def test_exchanges_and_leaving_out(name: str, kind: str) -> None:
    one, other = view(2, kind), view(3, kind)
    first, second = quantity(name, one), quantity(name, other)
    swapped = np.random.default_rng(4).random((5, 40)) < 0.5
    by_hand = []
    for row in swapped:
        a, b = exchanged_by_hand(one, other, row)
        by_hand.append(quantity(name, b).plain() - quantity(name, a).plain())
    assert first.exchanging(second)(swapped) == pytest.approx(by_hand, abs=1e-12)
    # All exchanged is the difference with its sign turned; none exchanged the difference itself.
    both = first.exchanging(second)(np.array([[True] * 40, [False] * 40]))
    assert both[0] == pytest.approx(-both[1], abs=1e-12)
    assert both[1] == pytest.approx(second.plain() - first.plain(), abs=1e-12)
    without = first.without(groups(40))
    weights = 1.0 - np.eye(40)
    assert without == pytest.approx(first.under(weights), abs=1e-12)


def test_a_mean_by_hand() -> None:
    values = np.array([0.5, np.nan, 0.1, 0.3])
    found = mean_of(("d", "a", "b", "c"), values, None)
    assert found.example_ids == ("a", "b", "c", "d")
    assert (found.n, found.plain()) == (3, pytest.approx(0.3))
    assert found.under(np.array([[4.0, 0.0, 0.0, 0.0]]))[0] != found.under(np.array([[0.0, 4.0, 0.0, 0.0]]))[0]
    assert np.isnan(found.under(np.array([[4.0, 0.0, 0.0, 0.0]]))[0])
    # Without b (0.1): the mean of .3 and .5.
    assert found.without(groups(4))[1] == pytest.approx(0.4)


@given(st.permutations(range(6)))
def test_the_order_of_the_examples_changes_no_bit(order: list[int]) -> None:
    ids, values = tuple("abcdef"), np.array([0.1, 0.2, 0.7, -0.4, 0.33, 0.9])
    weights = np.random.default_rng(0).integers(0, 3, (20, 6)).astype(float)
    plain = mean_of(ids, values, None)
    mixed = mean_of(tuple(ids[row] for row in order), values[order], None)
    assert (plain.under(weights) == mixed.under(weights)).all()
    assert plain.plain() == mixed.plain()


def test_pairs_are_exchanged_together() -> None:
    # Four minimal pairs, (0, 1), (2, 3) …; a pair counts where both of it are right.
    ids = tuple("abcdefgh")
    twins = tuple("badcfehg")
    clusters = np.array(["0", "0", "1", "1", "2", "2", "3", "3"])
    labels = np.array([0, 1] * 4)
    metric = registry.load("pair_accuracy")
    assert isinstance(metric, SumMetric)

    def quantity_of(said: np.ndarray) -> Quantity:
        view = ModelView("classification", ids, labels, np.eye(2)[said] * 2.0, 2, clusters, twins)
        return of_statistics(lambda some: dense(metric.statistics(some)), metric.finish, view, ids, clusters)

    first, second = quantity_of(labels.copy()), quantity_of(np.array([0, 1, 0, 1, 1, 0, 1, 0]))
    swapped = np.array([[True, True, False, False, False, False, True, True]])
    # The first one is right on all, the second on two pairs. Exchanging the first and the last pair leaves the first
    # model with three right and gives the second one three.
    assert (first.plain(), second.plain()) == (1.0, 0.5)
    assert first.exchanging(second)(swapped)[0] == pytest.approx(0.0)
