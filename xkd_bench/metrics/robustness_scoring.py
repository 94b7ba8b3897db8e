"""Scores of robustness to one perturbation: both models' answers to the same perturbed inputs, R draws each.

Examples are resampled with all their draws together, and everything comes from one resampling, so that drops of student
and teacher are paired. Answers are classes or values: what a headline score needs of a model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xkd_bench.metrics.contract import (
    FloatArray,
    MetricCard,
    ModelView,
    PerturbedMetric,
    PerturbedModelView,
    PerturbedPairView,
    PerturbedScoreMetric,
    PerturbedView,
    PredictionMetric,
    Reason,
    Score,
    SumMetric,
    TaskKind,
)
from xkd_bench.metrics.draws import Draws, Statistic, resample
from xkd_bench.metrics.summed_statistics import SummedStatistics
from xkd_bench.statistics.resampling import largest_total_weight

TEACHER = "teacher."


@dataclass(frozen=True)
class PerturbedAnswers:
    """n examples, and what models answer to them. labels: (n,). student, teacher: no teacher where there is none.
    clusters: what examples share."""

    example_ids: Sequence[str]
    labels: NDArray[Any]
    student: PerturbedModelView
    teacher: PerturbedModelView | None
    clusters: NDArray[Any] | None = None

    def in_order_of_ids(self) -> PerturbedAnswers:
        order = np.array(sorted(range(len(self.example_ids)), key=self.example_ids.__getitem__), dtype=np.int64)
        return PerturbedAnswers(
            tuple(self.example_ids[row] for row in order),
            self.labels[order],
            _rows(self.student, order),
            None if self.teacher is None else _rows(self.teacher, order),
            None if self.clusters is None else self.clusters[order],
        )


@dataclass(frozen=True)
class Robustness:
    """scores: metric → of the student and of the pair, `teacher.<metric>` → of the teacher. plain, by_draw: `student`
    and `teacher` → the headline score on the same examples as they are, and on each of R draws."""

    scores: dict[str, Score]
    plain: dict[str, float]
    by_draw: dict[str, tuple[float, ...]]


def score_robustness(
    answers: PerturbedAnswers,
    headline: PredictionMetric,
    metrics: Sequence[PerturbedMetric | PerturbedScoreMetric],
    resamples: int,
    seed_words: tuple[str, ...],
    *,
    label_changing: bool = False,
) -> Robustness:
    """Every metric that fits the task. The order of the examples changes nothing, to the bit.

    label_changing: the perturbation can change the true label; scores against the old one are then flagged.
    """
    answers = answers.in_order_of_ids()
    n, kind = len(answers.example_ids), answers.student.kind
    largest = largest_total_weight(n, answers.clusters)
    fitting = [metric for metric in metrics if kind in metric.card.kinds]
    roles = {"student": answers.student} | ({"teacher": answers.teacher} if answers.teacher else {})
    views: dict[str, PerturbedView] = dict(roles)
    if answers.teacher is not None:
        views["pair"] = PerturbedPairView(answers.student, answers.teacher)
    sums = {name: _Sums(_of(fitting, view), view, largest, n) for name, view in views.items()}
    heads = {role: _Headline(headline, answers, view, largest, n) for role, view in roles.items()}
    statistics: list[Statistic] = [*sums.values(), *heads.values()]
    found = resample(statistics, n, answers.clusters, resamples, seed_words)
    draws: dict[str, Draws] = {}
    for (name, one), columns in zip(sums.items(), found, strict=False):
        draws |= {_prefix(name) + metric.card.name: column for metric, column in zip(one.metrics, columns, strict=True)}
    scored = {
        role: np.stack([column.values for column in columns], axis=-1)
        for role, columns in zip(heads, found[len(sums) :], strict=True)
    }
    reasons: dict[str, Reason] = {}
    for metric in fitting:
        if not isinstance(metric, PerturbedScoreMetric):
            continue
        for name, values in _combined(metric, scored).items():
            draws[name] = Draws(values, n)
            if label_changing:
                reasons[name] = "label_changing"
    cards = {metric.card.name: metric.card for metric in fitting}
    return Robustness(
        {name: _score(one, cards[name.removeprefix(TEACHER)], reasons.get(name)) for name, one in draws.items()},
        {role: float(values[0, 0]) for role, values in scored.items()},
        {role: tuple(float(value) for value in values[0, 1:]) for role, values in scored.items()},
    )


def spread(by_draw: Sequence[float]) -> float | None:
    """Standard deviation over draws with R − 1 in the denominator; None for fewer than two, or where one has none."""
    return float(np.std(by_draw, ddof=1)) if len(by_draw) > 1 and all(map(math.isfinite, by_draw)) else None


class _Sums:
    """The metrics of one view that are sums, as one `Statistic`."""

    def __init__(self, metrics: Sequence[PerturbedMetric], view: PerturbedView, largest: int, n: int) -> None:
        self.metrics = metrics
        self.n = [n] * len(metrics)
        self._summed = SummedStatistics(metrics, view, largest)

    def plain(self) -> FloatArray:
        found = self._summed.plain()
        return np.array([found[metric.card.name] for metric in self.metrics], dtype=np.float64)

    def under(self, weights: FloatArray) -> FloatArray:
        found = self._summed.under(weights)
        columns = [found[metric.card.name] for metric in self.metrics]
        return np.stack(columns, axis=1) if columns else np.empty((len(weights), 0))


class _Headline:
    """The headline score on plain inputs, then on each draw: 1 + R numbers as one `Statistic`."""

    def __init__(
        self, metric: PredictionMetric, answers: PerturbedAnswers, view: PerturbedModelView, largest: int, n: int
    ) -> None:
        said = [view.plain, *view.perturbed.T]
        self._metric = metric
        self._views = [answered_view(answers, one, view.kind, view.classes) for one in said]
        self._summed = (
            [SummedStatistics([metric], one, largest) for one in self._views] if isinstance(metric, SumMetric) else None
        )
        self.n = [n] * len(said)

    def plain(self) -> FloatArray:
        return np.asarray(self.under(np.ones((1, self.n[0])))[0])

    def under(self, weights: FloatArray) -> FloatArray:
        name = self._metric.card.name
        if self._summed is not None:
            return np.stack([one.under(weights)[name] for one in self._summed], axis=1)
        assert not isinstance(self._metric, SumMetric)
        return np.stack([self._metric.weigh(view, weights) for view in self._views], axis=1)


def answered_view(answers: PerturbedAnswers, said: NDArray[Any], kind: TaskKind, classes: int) -> ModelView:
    """Answers as a headline score reads them: of a class all that is known is which one."""
    logits = np.eye(classes)[said.astype(np.int64)] if kind == "classification" else said[:, np.newaxis]
    return ModelView(kind, tuple(answers.example_ids), answers.labels, np.asarray(logits, dtype=np.float64), classes)


def _rows(view: PerturbedModelView, order: NDArray[np.int64]) -> PerturbedModelView:
    return replace(view, plain=view.plain[order], perturbed=view.perturbed[order])


def _of(metrics: Sequence[PerturbedMetric | PerturbedScoreMetric], view: PerturbedView) -> list[PerturbedMetric]:
    subject = "perturbed pair" if isinstance(view, PerturbedPairView) else "perturbed model"
    return [metric for metric in metrics if isinstance(metric, PerturbedMetric) and metric.card.subject == subject]


def _prefix(view: str) -> str:
    return TEACHER if view == "teacher" else ""


def _combined(metric: PerturbedScoreMetric, scored: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Name → values of a metric of headline scores, plain and under every draw of examples."""
    parts = {role: (values[:, 0], values[:, 1:]) for role, values in scored.items()}
    if metric.card.subject == "perturbed pair":
        return {metric.card.name: metric.combine(*parts["student"], *parts["teacher"])} if "teacher" in parts else {}
    return {_prefix(role) + metric.card.name: metric.combine(*part) for role, part in parts.items()}


def _score(draws: Draws, card: MetricCard, reason: Reason | None) -> Score:
    score = draws.score(card.undefined_as)
    return score if reason is None or score.value is None else replace(score, status="flagged", reason=reason)
