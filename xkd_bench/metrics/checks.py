"""What must hold of every metric: a card that is complete, no model library, and of a score of predictions that
neither the order of the examples nor their repetition is anything but weights."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint

import numpy as np

from xkd_bench.errors import BadInputError
from xkd_bench.metrics import registry
from xkd_bench.metrics.contract import FloatArray, IntArray, ModelView, PairView, SumMetric, WeightMetric
from xkd_bench.metrics.scoring import score_all
from xkd_bench.plugins import Promise, card, check_card, find
from xkd_bench.randomness import generator

CARD = ("title", "summary", "group", "subject", "kinds", "direction", "range", "formula", "citation")
SHAPES = ((1, 2), (2, 2), (40, 2), (60, 4))
View = ModelView | PairView


def check_metric(name: str) -> Iterator[Promise]:
    """Findings: the card, what importing it brings along, then its values on made predictions."""
    point = find(registry.GROUP, name)
    yield check_card(card(point), CARD)
    yield _imports_no_model(point)
    try:
        metric = registry.load(name)
    except BadInputError as error:
        yield Promise("it is a metric of a known kind", False, error.found)
        return
    yield Promise("it is a metric of a known kind", True, type(metric).__name__)
    if isinstance(metric, SumMetric | WeightMetric):
        tests = [_order_is_nothing]
        if not metric.card.needs_pairs:  # an example that is there twice has no one twin
            tests.append(_a_weight_is_a_repetition)
        for test in tests:
            try:
                yield test(metric)
            except Exception as error:  # a plugin's code can raise anything; the finding says what
                yield Promise(test.__name__.strip("_").replace("_", " "), False, f"{type(error).__name__}: {error}")


def _imports_no_model(point: EntryPoint) -> Promise:
    what = "importing it imports neither torch nor transformers"
    code = f"import sys, {point.module}; print([m for m in ('torch', 'transformers', 'datasets') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if found.returncode:
        return Promise(what, False, found.stderr.strip().splitlines()[-1])
    return Promise(what, found.stdout.strip() == "[]", found.stdout.strip().strip("[]"))


def _order_is_nothing(metric: SumMetric | WeightMetric) -> Promise:
    what = "the order of the examples changes no bit of value or interval"
    for view in _views(metric):
        order = generator("plugin check", "order").permutation(_length(view))
        one, other = (score_all(v, [metric], 50, ("check",)) for v in (view, _taken(view, order)))
        if one != other:
            return Promise(what, False, f"{one} and {other}")
    return Promise(what, True)


def _a_weight_is_a_repetition(metric: SumMetric | WeightMetric) -> Promise:
    what = "under weights it is the plain metric of examples repeated so many times"
    for view in _views(metric):
        n = _length(view)
        weights = generator("plugin check", "weights").integers(0, 3, n)
        weights[0] += 1
        repeated = _taken(view, np.repeat(np.arange(n), weights), renamed=True)
        plain = _weighted(metric, repeated, np.ones((1, int(weights.sum()))))
        found = _weighted(metric, view, weights[np.newaxis].astype(float))
        if not np.allclose(found, plain, rtol=1e-9, atol=1e-11, equal_nan=True):
            return Promise(what, False, f"{found[0]} and {plain[0]}")
    return Promise(what, True)


def _weighted(metric: SumMetric | WeightMetric, view: View, weights: FloatArray) -> FloatArray:
    if isinstance(metric, SumMetric):
        return np.atleast_1d(metric.finish(weights @ metric.statistics(view)))
    return np.atleast_1d(metric.weigh(view, weights))


def _views(metric: SumMetric | WeightMetric) -> Iterator[View]:
    """Made predictions of every kind of task the metric is for."""
    for kind in metric.card.kinds:
        for n, classes in SHAPES:
            if metric.card.classes not in (None, classes) and kind == "classification":
                continue
            random = generator("plugin check", kind, n, classes)
            pair = _pair(random, kind, n, classes)
            yield pair if metric.card.subject == "pair" else pair.student


def _pair(random: np.random.Generator, kind: str, n: int, classes: int) -> PairView:
    ids = tuple(f"example-{row:04d}" for row in range(n))
    twins = tuple(ids[row ^ 1] if (row ^ 1) < n else None for row in range(n))
    if kind == "regression":
        targets = np.round(random.uniform(0, 5, n), 1)
        answers = [np.round(targets + random.normal(size=n), 1)[:, np.newaxis] for _ in range(2)]
        student, teacher = (ModelView("regression", ids, targets, one, 1, twins=twins) for one in answers)
    else:
        labels = random.integers(0, classes, n)
        answers = [random.normal(size=(n, classes)) * 2 + 1.5 * np.eye(classes)[labels] for _ in range(2)]
        student, teacher = (ModelView("classification", ids, labels, one, classes, twins=twins) for one in answers)
    return PairView(student, teacher)


def _length(view: View) -> int:
    return len(view.student.example_ids if isinstance(view, PairView) else view.example_ids)


def _taken(view: View, rows: IntArray, renamed: bool = False) -> View:
    if isinstance(view, PairView):
        student, teacher = (_taken(one, rows, renamed) for one in (view.student, view.teacher))
        assert isinstance(student, ModelView)
        assert isinstance(teacher, ModelView)
        return PairView(student, teacher)
    ids = tuple(f"example-{place:04d}" for place in range(len(rows))) if renamed else None
    twins = tuple(view.twins[row] for row in rows) if view.twins and not renamed else None
    return ModelView(
        view.kind, ids or tuple(view.example_ids[row] for row in rows), view.labels[rows], view.logits[rows],
        view.classes, twins=twins,
    )  # fmt: skip
