"""All models' explanations of the chosen examples: probes → explainers → one table.

Every model is asked about the same examples, for the same target (the class its teacher predicts), on the same units,
with the same maskings and seeds; hence a student that is its teacher explains itself as its teacher does, to the bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xkd_bench.engine.plan import Plan
from xkd_bench.engine.questions import ImageFacts, chosen_positions, filling, image_facts, questions
from xkd_bench.explainers import registry as explainers
from xkd_bench.explainers.coalitions import halves
from xkd_bench.explainers.contract import (
    Explainer,
    ExplainerSettings,
    Explanation,
    ModelExplainer,
    Question,
    SeededExplainer,
    TableExplainer,
)
from xkd_bench.explainers.reliability import reliability
from xkd_bench.metrics import registry as metrics
from xkd_bench.metrics.alignment_scoring import similarities
from xkd_bench.metrics.contract import CoalitionView, ExplanationView, FloatArray, IntArray, SimilarityMetric
from xkd_bench.models.classifier import LazyClassifier
from xkd_bench.probes.coalitions import CoalitionSettings, ExampleCoalitions, coalitions, log_odds
from xkd_bench.probes.explanations import explanations
from xkd_bench.probes.masked import Fill
from xkd_bench.randomness import hash_order
from xkd_bench.records.explanations_table import (
    SCALED,
    ExplainerColumns,
    ExplanationsTable,
    Role,
    Vectors,
    as_stored,
    to_steps,
    view_of,
)
from xkd_bench.records.fills import FILLS
from xkd_bench.records.store import Store
from xkd_bench.tasks.examples import Examples
from xkd_bench.tasks.protocols import ExplanationCard


@dataclass(frozen=True)
class Explained:
    """One model: explanations by key (explainer, or explainer and fill) and the maskings' answers by fill."""

    explanations: Mapping[str, Sequence[Explanation]]
    halves: Mapping[str, Sequence[float]]
    coalitions: Mapping[Fill, Sequence[ExampleCoalitions]]


def explain(plan: Plan, store: Store, teacher_logits: FloatArray) -> ExplanationsTable:
    """Explain with teacher and student, retrained teachers, the baseline and a student of random weights, and compare.

    teacher_logits: (n, C) of all examples of the plan; they say what is explained.
    """
    assert plan.teacher is not None
    measure, targets = _measurement(plan, store, teacher_logits)
    teacher = measure.of(plan.teacher, "teacher")
    student = measure.of(plan.student, "student")
    retrained = [measure.of(model, f"retrained teacher {i}") for i, model in enumerate(plan.retrained, 1)]
    baseline = measure.of(plan.baseline, "baseline") if plan.baseline else None
    few = hash_order(measure.examples.example_ids, "random student")[: measure.card.random_student_examples]
    random_student = None
    if few:
        drawn = measure.only(sorted(few))
        random_student = drawn.of(plan.random_student, "student with random weights")
    columns = {
        key: _columns(key, teacher, student, retrained, baseline, random_student, sorted(few), targets)
        for key in teacher.explanations
    }
    return ExplanationsTable(
        example_ids=measure.examples.example_ids,
        punctuation=tuple(np.array([unit.is_punctuation for unit in q.units], dtype=np.bool_) for q in measure.asked),
        explainers=columns,
        coalitions={
            fill: _coalition_scores(rows, student.coalitions[fill], targets)
            for fill, rows in teacher.coalitions.items()
        },
    )


def explain_retrained(
    plan: Plan, store: Store, teacher_logits: FloatArray
) -> tuple[tuple[str, ...], dict[str, dict[str, FloatArray]]]:
    """Only what of `explain` has nothing to do with the student: ids of the explained examples, and explainer → measure
    → (n, R), the teacher's reasons held against each retrained teacher's."""
    assert plan.teacher is not None
    measure, targets = _measurement(plan, store, teacher_logits)
    teacher = measure.of(plan.teacher, "teacher")
    retrained = [measure.of(model, f"retrained teacher {i}") for i, model in enumerate(plan.retrained, 1)]
    return measure.examples.example_ids, {
        key: _against_retrained(key, teacher, retrained, targets) for key in teacher.explanations
    }


def _measurement(plan: Plan, store: Store, teacher_logits: FloatArray) -> tuple[Measurement, IntArray]:
    """What is asked of every model, and the class each example is explained for."""
    card = plan.protocol.explanations
    chosen = chosen_positions(plan.examples, card.examples)
    examples = plan.examples.take(chosen)
    targets = teacher_logits[chosen].argmax(axis=1)
    images = image_facts(plan)
    asked = questions(examples, targets, images)
    return Measurement(card, plan.protocol.statistics.suite_seed, store, examples, asked, images), targets


class Measurement:
    """The same questions for model after model."""

    def __init__(
        self,
        card: ExplanationCard,
        suite_seed: int,
        store: Store,
        examples: Examples,
        asked: Sequence[Question],
        images: ImageFacts | None = None,
    ) -> None:
        self.card, self.suite_seed, self.store = card, suite_seed, store
        self.examples, self.asked, self.images = examples, asked, images
        self.explainers: dict[str, Explainer] = {name: explainers.load(name) for name in card.explainers}

    def only(self, positions: Sequence[int]) -> Measurement:
        asked = [self.asked[i] for i in positions]
        return Measurement(self.card, self.suite_seed, self.store, self.examples.take(positions), asked, self.images)

    def of(self, model: LazyClassifier, who: str) -> Explained:
        tables = {fill: self._coalitions(model, fill, who) for fill in self._fills()}
        found: dict[str, Sequence[Explanation]] = {}
        repeated: dict[str, Sequence[float]] = {}
        for name, explainer in self.explainers.items():
            if isinstance(explainer, TableExplainer):
                for place, (fill, table) in enumerate(tables.items()):
                    key = name if place == 0 else f"{name}.{fill}"
                    found[key] = [_from_table(explainer, row, q) for row, q in zip(table, self.asked, strict=True)]
                    repeated[key] = [_repeated(explainer, row, q) for row, q in zip(table, self.asked, strict=True)]
            elif isinstance(explainer, SeededExplainer):
                found[name] = [self._seeded(explainer, model, question) for question in self.asked]
            else:
                found[name] = self._from_model(explainer, model, who)
        return Explained(found, repeated, tables)

    def _fills(self) -> tuple[Fill, ...]:
        card = self.card.coalitions
        return () if card is None else card.image_fills if self.images else card.fills

    def _coalitions(self, model: LazyClassifier, fill: Fill, who: str) -> list[ExampleCoalitions]:
        card = self.card.coalitions
        assert card is not None
        settings = CoalitionSettings(
            self.suite_seed, card.all_up_to, card.sample, card.per_unit, filling(fill, self.images)
        )
        return coalitions(model, self.examples, settings, self.store, f"{who}, {FILLS[fill]}")

    def _from_model(self, explainer: ModelExplainer, model: LazyClassifier, who: str) -> list[Explanation]:
        if self.images and not explainer.images:
            return [Explanation.without_value(len(q.units), "not_measured") for q in self.asked]
        mean = self.images.mean_colour if self.images else None
        settings = ExplainerSettings(self.suite_seed, self.card.steps, mean)
        label = f"{who}, {explainer.card.title}"
        return explanations(model, self.examples, self.asked, explainer, settings, self.store, label)

    def _seeded(self, explainer: SeededExplainer, model: LazyClassifier, question: Question) -> Explanation:
        words = (self.suite_seed, self.examples.fingerprint, question.example_id, model.identity)
        n = len(question.units)
        return Explanation(explainer.explain(n, words), np.ones(n, dtype=np.bool_))


def _from_table(explainer: TableExplainer, row: ExampleCoalitions, question: Question) -> Explanation:
    plan = row.planned.coalitions
    if row.reason is not None:
        return Explanation.without_value(len(question.units), row.reason)
    scores = explainer.explain(plan.masks, log_odds(row.logits, question.target), plan.enumerated)
    if not np.isfinite(scores[row.covered]).all():
        return Explanation.without_value(len(question.units), "non_finite")
    return Explanation(scores, row.covered)


def _repeated(explainer: TableExplainer, row: ExampleCoalitions, question: Question) -> float:
    """Reliability of one explanation: 1 where every masking was evaluated, else from two halves of the sample."""
    plan = row.planned.coalitions
    if plan.enumerated:
        return 1.0
    if row.reason is not None:
        return float("nan")
    values = log_odds(row.logits, question.target)
    parts = [explainer.explain(plan.masks[rows], values[rows], False) for rows in halves(plan)]
    return reliability(parts[0][row.covered], parts[1][row.covered])


def _columns(
    key: str,
    teacher: Explained,
    student: Explained,
    retrained: Sequence[Explained],
    baseline: Explained | None,
    random_student: Explained | None,
    few: Sequence[int],
    targets: IntArray,
) -> ExplainerColumns:
    theirs, ours = teacher.explanations[key], student.explanations[key]
    scaled = _scaled()
    columns = ExplainerColumns(
        vectors={"teacher": _vectors(theirs), "student": _vectors(ours)},
        reasons=tuple(one.reason or other.reason for one, other in zip(theirs, ours, strict=True)),
        notes=_without_empty({"teacher": _notes(theirs), "student": _notes(ours)}),
        reliability={
            role: as_stored(np.array(model.halves[key]))
            for role, model in _roles(teacher, student).items()
            if key in model.halves
        },
        retrained=_against_retrained(key, teacher, retrained, targets),
    )
    if baseline is not None:
        view = explanation_view(theirs, baseline.explanations[key], targets)
        columns.baseline.update({metric.card.name: as_stored(similarities(view, metric)) for metric in scaled})
    if random_student is None:
        return columns
    drawn = explanation_view([theirs[i] for i in few], random_student.explanations[key], targets[list(few)])
    for metric in scaled:
        values = np.full(len(theirs), np.nan)
        values[list(few)] = similarities(drawn, metric)
        columns.random_student[metric.card.name] = as_stored(values)
    return columns


def _scaled() -> list[SimilarityMetric]:
    return [metric for metric in metrics.similarity_metrics() if metric.card.name in SCALED]


def _against_retrained(
    key: str, teacher: Explained, retrained: Sequence[Explained], targets: IntArray
) -> dict[str, FloatArray]:
    views = [explanation_view(teacher.explanations[key], one.explanations[key], targets) for one in retrained]
    return {
        metric.card.name: as_stored(np.stack([similarities(view, metric) for view in views], axis=1))
        for metric in _scaled()
        if views
    }


def _roles(teacher: Explained, student: Explained) -> dict[Role, Explained]:
    return {"teacher": teacher, "student": student}


def _vectors(found: Sequence[Explanation]) -> Vectors:
    steps = [to_steps(one.scores, one.covered) for one in found]
    return Vectors(tuple(row for row, _ in steps), np.array([scale for _, scale in steps]))


def _notes(found: Sequence[Explanation]) -> dict[str, FloatArray]:
    names = sorted({name for one in found for name in one.notes})
    return {name: as_stored(np.array([one.notes.get(name, np.nan) for one in found])) for name in names}


def _without_empty(notes: dict[Role, dict[str, FloatArray]]) -> dict[Role, dict[str, FloatArray]]:
    return {role: named for role, named in notes.items() if named}


def explanation_view(
    theirs: Sequence[Explanation], others: Sequence[Explanation], targets: IntArray
) -> ExplanationView:
    """Two models' explanations as a record would hold them."""
    reasons = tuple(one.reason or other.reason for one, other in zip(theirs, others, strict=True))
    return view_of(
        tuple(map(str, range(len(theirs)))),
        _vectors(theirs),
        _vectors(others),
        tuple(np.zeros(len(one.scores), dtype=np.bool_) for one in theirs),
        reasons,
        targets,
    )


def _coalition_scores(
    teacher: Sequence[ExampleCoalitions], student: Sequence[ExampleCoalitions], targets: IntArray
) -> dict[str, FloatArray]:
    found = {}
    for metric in metrics.coalition_metrics():
        values = [
            np.nan
            if one.reason or other.reason
            else metric.per_example(
                CoalitionView(
                    one.planned.coalitions.masks, log_odds(one.logits, int(target)), log_odds(other.logits, int(target))
                )
            )
            for one, other, target in zip(teacher, student, targets, strict=True)
        ]
        found[metric.card.name] = as_stored(np.array(values))
    return found
