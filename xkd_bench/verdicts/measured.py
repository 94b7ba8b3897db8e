"""One record's scores, derived again from its committed tables, as quantities that can be resampled."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xkd_bench.engine.committed_tables import (
    AGAIN,
    examples_table,
    explained_table,
    finding,
    masked_table,
    perturbed_table,
    protocol_of,
    same_number,
)
from xkd_bench.engine.judge import judge
from xkd_bench.engine.judge_masking import MEASURE, masking_view
from xkd_bench.engine.judge_perturbed import perturbed_view
from xkd_bench.metrics import registry
from xkd_bench.metrics.alignment_scoring import similarities
from xkd_bench.metrics.contract import (
    ExplanationView,
    FloatArray,
    MaskingMetric,
    ModelView,
    PairView,
    PerturbedMetric,
    PerturbedPairView,
    PerturbedScoreMetric,
    PredictionMetric,
    Reason,
    SimilarityMetric,
    SumMetric,
    WeightMetric,
)
from xkd_bench.metrics.quantity import Quantity, Weighed, dense, id_order, mean_of, of_statistics
from xkd_bench.metrics.robustness_scoring import PerturbedAnswers, answered_view
from xkd_bench.metrics.scoring import applies, view_rows
from xkd_bench.metrics.tables import join, model_view
from xkd_bench.records.explanations_table import view_of
from xkd_bench.verdicts.entries import Entry

Found = Quantity | Reason


class MeasuredEntry:
    """The tables of a record, read and checked against the hashes it gives, and its scores by their names in it.

    Raises `SubmissionError` for tables that are not the record's, and where a score in it is not what they give.
    """

    def __init__(self, entry: Entry) -> None:
        task, where = entry.task, entry.task.folder / "record.json"
        self.entry = entry
        self.protocol = protocol_of(entry.result, where)
        self._examples = examples_table(task)
        self._explained = explained_table(task, self._examples)
        self._masked = masked_table(task, self.protocol)
        self._perturbed = perturbed_table(task, self._examples, self.protocol)
        labels = self._examples.labels
        self.student = model_view(labels, self._examples.student, "student predictions")
        teacher = self._examples.teacher
        self.pair = None if teacher is None else join(labels, self._examples.student, teacher)
        self._rows = {example_id: row for row, example_id in enumerate(labels.example_ids)}
        self._makers = self._names()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all scores that can be compared, as the record has them."""
        return tuple(self._makers)

    @property
    def seed_words(self) -> tuple[str, str]:
        """What draws depend on beside the examples; the same for all entries of a track."""
        return str(self.protocol.statistics.suite_seed), self.entry.result.task.fingerprint

    @property
    def explainers(self) -> tuple[str, ...]:
        """Keys of the explainers whose explanations of both models the record holds."""
        return tuple(self._explained.explainers) if self._explained and self.pair else ()

    @cached_property
    def why_no_pair(self) -> Reason | None:
        """Why the student must not be held against the teacher, None where it may (DESIGN, rules of measurement 3)."""
        if self.pair is None:
            return "not_measured"
        name = "spearman" if self.student.kind == "regression" else "mcc"
        metric = registry.load(name)
        assert isinstance(metric, SumMetric | WeightMetric)
        found = judge(self._examples, [metric], self.protocol.statistics.resamples, self.seed_words)
        return None if found.gate["teacher"].status == "valid" else "teacher_invalid"

    def quantity(self, name: str) -> Found:
        """The score called `name`, or why it has none. Raises `KeyError` for a name that is none of `names`."""
        found = self._makers[name]()
        if not isinstance(found, str):
            value = found.plain()
            self._check(name, None if math.isnan(value) else value)
            if math.isnan(value):
                return self._reason_of(name)
        return found

    def explanation_view(self, key: str) -> ExplanationView:
        """Both models' explanations by one explainer, of the explained examples."""
        assert self._explained is not None
        assert self.pair is not None
        columns, ids = self._explained.explainers[key], self._explained.example_ids
        rows = self._rows_of(ids)
        vectors = columns.vectors["teacher"], columns.vectors["student"]
        target = self.pair.teacher.predicted[rows]
        return view_of(ids, *vectors, self._explained.punctuation, columns.reasons, target, self._clusters(rows))

    def _names(self) -> dict[str, Callable[[], Found]]:
        makers: dict[str, Callable[[], Found]] = {}
        for metric in registry.prediction_metrics():
            view = self.pair if metric.card.subject == "pair" else self.student
            if view is not None and applies(metric.card, view) and self.student.kind in metric.card.kinds:
                makers[metric.card.name] = partial(self._predicted, metric, view)
        for similarity in registry.similarity_metrics():
            for key in self.explainers:
                name = f"{similarity.card.name}.{key}"
                makers[name] = partial(self._similarity, similarity, key)
        for masking in registry.masking_metrics():
            for key in self._masked.found.get("student", {}) if self._masked and self.pair else ():
                makers[f"{masking.card.name}.{key}"] = partial(self._faithfulness, masking, key)
        for place, (fill, metrics) in enumerate(self._explained.coalitions.items() if self._explained else ()):
            for name, values in metrics.items():
                makers[name if place == 0 else f"{name}.{fill}"] = partial(self._mean, values)
        for perturbed in registry.perturbed_metrics():
            for key in self._perturbed.perturbations if self._perturbed else ():
                if self.student.kind in perturbed.card.kinds and self._robust_answers(perturbed):
                    name = f"{perturbed.card.name}.{key}"
                    makers[name] = partial(self._robustness, perturbed, key)
        return {name: maker for name, maker in makers.items() if name in self.entry.result.scores}

    def _predicted(self, metric: PredictionMetric, view: ModelView | PairView) -> Found:
        if metric.card.subject == "pair" and self.why_no_pair is not None:
            return self.why_no_pair
        view = view_rows(view, id_order(self.student.example_ids))
        model = view.student if isinstance(view, PairView) else view
        if isinstance(metric, WeightMetric):
            return Weighed(model.example_ids, model.clusters, len(model.example_ids), metric, view)
        found = of_statistics(_dense(metric), metric.finish, view, model.example_ids, model.clusters)
        return found if np.isfinite(found.columns).all() else "non_finite"

    def _similarity(self, metric: SimilarityMetric, key: str) -> Found:
        return self._mean(similarities(self.explanation_view(key), metric))

    def _mean(self, values: FloatArray) -> Found:
        assert self._explained is not None
        ids = self._explained.example_ids
        return mean_of(ids, values, self._clusters(self._rows_of(ids)))

    def _faithfulness(self, metric: MaskingMetric, key: str) -> Found:
        assert self._masked is not None
        assert self.pair is not None
        assert self.protocol.masking is not None
        rows = self._rows_of(self._masked.example_ids)
        levels = np.array((0, *self.protocol.masking.levels)) / 100
        values = metric.per_example(masking_view(self._masked, levels, "student", key, MEASURE))
        counted = self.pair.student.predicted[rows] == self.pair.teacher.predicted[rows]
        return mean_of(self._masked.example_ids, np.where(counted, values, np.nan), self._clusters(rows))

    def _robust_answers(self, metric: PerturbedMetric | PerturbedScoreMetric) -> bool:
        """Whether the metric's models were asked, and it is one of sums."""
        headline = registry.load(self.entry.result.task.headline)
        sums = isinstance(metric, PerturbedMetric) or isinstance(headline, SumMetric)
        return sums and (metric.card.subject == "perturbed model" or self.pair is not None)

    def _robustness(self, metric: PerturbedMetric | PerturbedScoreMetric, key: str) -> Found:
        assert self._perturbed is not None
        paired = metric.card.subject == "perturbed pair"
        if paired and self.why_no_pair is not None:
            return self.why_no_pair
        columns, ids = self._perturbed.perturbations[key], self._perturbed.example_ids
        rows = self._rows_of(ids)
        student = perturbed_view(self.student, rows, columns, "student")
        teacher = perturbed_view(self.pair.teacher, rows, columns, "teacher") if paired and self.pair else None
        labels, clusters = self.student.labels[rows], self._clusters(rows)
        answers = PerturbedAnswers(ids, labels, student, teacher, clusters).in_order_of_ids()
        ids, clusters = tuple(answers.example_ids), answers.clusters
        if isinstance(metric, PerturbedScoreMetric):
            return of_statistics(*self._headline(metric, answers), answers, ids, clusters)
        both = answers.teacher
        view = answers.student if both is None else PerturbedPairView(answers.student, both)
        return of_statistics(_dense(metric), metric.finish, view, ids, clusters)

    def _headline(
        self, metric: PerturbedScoreMetric, answers: PerturbedAnswers
    ) -> tuple[Callable[[PerturbedAnswers], FloatArray], Callable[[FloatArray], FloatArray]]:
        """The task's headline score on plain and perturbed inputs as sums side by side, and what is made of them."""
        headline = registry.load(self.entry.result.task.headline)
        assert isinstance(headline, SumMetric)
        models = 1 if answers.teacher is None else 2
        asked = models * (1 + answers.student.perturbed.shape[1])

        def statistics(some: PerturbedAnswers) -> FloatArray:
            return np.hstack(
                [
                    dense(headline.statistics(answered_view(some, said, one.kind, one.classes)))
                    for one in (some.student, some.teacher)
                    if one is not None
                    for said in (one.plain, *one.perturbed.T)
                ]
            )

        def finish(sums: FloatArray) -> FloatArray:
            scores = headline.finish(sums.reshape(*sums.shape[:-1], asked, -1))
            of_models = np.split(scores, models, axis=-1)
            return metric.combine(*(part for one in of_models for part in (one[..., 0], one[..., 1:])))

        return statistics, finish

    def _check(self, name: str, value: float | None) -> None:
        recorded = self.entry.result.scores[name].value
        if not same_number(recorded, None if value is None else value + 0.0):
            where = f"{self.entry.task.folder / 'record.json'}, scores.{name}.value"
            raise finding("score-differs", where, f"{value}, which the committed tables give", recorded, AGAIN)

    def _reason_of(self, name: str) -> Reason:
        return self.entry.result.scores[name].reason or registry.cards()[name.partition(".")[0]].undefined_as

    def _rows_of(self, example_ids: tuple[str, ...]) -> NDArray[np.int64]:
        return np.array([self._rows[example_id] for example_id in example_ids], dtype=np.int64)

    def _clusters(self, rows: NDArray[np.int64]) -> NDArray[np.object_] | None:
        clusters = self.student.clusters
        return None if clusters is None else clusters[rows]


def _dense(metric: SumMetric | PerturbedMetric) -> Callable[[Any], FloatArray]:
    return lambda view: dense(metric.statistics(view))


def as_reason(found: Found) -> Reason | None:
    """Why a score has no value, None where it has one."""
    return found if isinstance(found, str) else None


def as_quantity(found: Found) -> Quantity:
    """A score that has a value."""
    assert not isinstance(found, str)
    return found
