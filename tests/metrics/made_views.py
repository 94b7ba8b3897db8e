"""Small views for the tests: from classes said, from logits, at random."""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.contract import ModelView, PairView


def ids_of(n):
    return tuple(f"example-{row:05d}" for row in range(n))


def model_of(labels, predicted, classes=2, clusters=None):
    """A classifier that says `predicted`, with logits 1 for that class and 0 for the others."""
    logits = np.eye(classes)[np.asarray(predicted, dtype=int)]
    return ModelView("classification", ids_of(len(labels)), np.asarray(labels), logits, classes, clusters)


def model_with_logits(labels, logits):
    logits = np.asarray(logits, dtype=float)
    return ModelView("classification", ids_of(len(labels)), np.asarray(labels), logits, logits.shape[1])


def regressor_of(labels, values):
    logits = np.asarray(values, dtype=float)[:, np.newaxis]
    return ModelView("regression", ids_of(len(labels)), np.asarray(labels, dtype=float), logits, 1)


def pair_of(labels, student, teacher, classes=2):
    return PairView(model_of(labels, student, classes), model_of(labels, teacher, classes))


def regression_pair(student, teacher):
    zeros = np.zeros(len(student))
    return PairView(regressor_of(zeros, student), regressor_of(zeros, teacher))


def random_logits(random, labels, classes, skill=1.5):
    logits = random.normal(size=(len(labels), classes)) * 2
    logits[np.arange(len(labels)), labels] += skill
    return logits


def random_pair(seed, n=200, classes=3, clusters=None):
    """Two classifiers that are right more often than chance."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, n)
    student, teacher = (
        ModelView("classification", ids_of(n), labels, random_logits(random, labels, classes), classes, clusters)
        for _ in range(2)
    )
    return PairView(student, teacher)


def random_regression_pair(seed, n=200):
    random = np.random.default_rng(seed)
    labels = np.round(random.uniform(0, 5, n), 1)
    student, teacher = (np.round(labels + random.normal(size=n), 1) for _ in range(2))
    return PairView(regressor_of(labels, student), regressor_of(labels, teacher))


def shuffled(view, order):
    """The same examples in another order."""
    if isinstance(view, PairView):
        return PairView(shuffled(view.student, order), shuffled(view.teacher, order))
    clusters = None if view.clusters is None else view.clusters[order]
    ids = tuple(view.example_ids[row] for row in order)
    return ModelView(view.kind, ids, view.labels[order], view.logits[order], view.classes, clusters)
