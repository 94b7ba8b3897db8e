"""The same texts or images explained by any number of checkpoints, for a person to look at: probes → plain data.

An input is measured by itself, under its own fingerprint, so what is found for it does not depend on its companions; an
example of a split is measured as an evaluation measures it, with the same maskings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xkd_bench.engine.comparison_inputs import Item
from xkd_bench.engine.comparison_plan import Candidate, ComparisonPlan, MaskedWith
from xkd_bench.engine.explain import Explained, Measurement, explanation_view
from xkd_bench.engine.questions import questions
from xkd_bench.explainers import registry as explainers
from xkd_bench.explainers.coalitions import BoolArray, kept_none
from xkd_bench.explainers.contract import Explanation, Question
from xkd_bench.explainers.patches import Grid, Patch
from xkd_bench.metrics import registry as metrics
from xkd_bench.metrics.alignment_scoring import exclusions, similarities
from xkd_bench.metrics.contract import FloatArray, ModelView, Reason, SimilarityMetric
from xkd_bench.models.classifier import LazyClassifier
from xkd_bench.probes.coalitions import ExampleCoalitions, log_odds
from xkd_bench.probes.masked import Fill
from xkd_bench.probes.predictions import predictions
from xkd_bench.records.store import Store
from xkd_bench.tasks.card import TaskCard
from xkd_bench.tasks.examples import Input, TextInput
from xkd_bench.tasks.protocols import Protocol
from xkd_bench.tasks.words import Unit, units_of

SIMILARITY = "centred_cosine"


@dataclass(frozen=True)
class Maskings:
    """How many of the 2ⁿ maskings of n words or patches an explanation rests on."""

    asked: int
    units: int

    @property
    def sampled(self) -> bool:
        return self.asked != 1 << self.units


@dataclass(frozen=True)
class Answer:
    """What one model says of an input. predicted, probability: None for a regression, where `value` is the prediction.

    value: f(x), the log-odds of the explained class. of_nothing: f(∅), None where no explainer asked for it.
    """

    predicted: str | None
    probability: float | None
    value: float
    of_nothing: float | None


@dataclass(frozen=True)
class ModelScores:
    """One model's explanation of an input of n words or patches.

    scores, seen: (n,). reason: why the scores must not be used. similarity: centred cosine with the first model, None
    for that model itself and where there is none, then `why` says why. repeatability: of two halves of the sample, None
    where nothing was sampled.
    """

    scores: FloatArray
    seen: BoolArray
    reason: Reason | None
    similarity: float | None
    why: Reason | None
    notes: Mapping[str, float]
    repeatability: float | None


@dataclass(frozen=True)
class ExplainedBy:
    """One explainer on one input, a row for each model. maskings: None for an explainer that asks for none."""

    name: str
    title: str
    maskings: Maskings | None
    rows: tuple[ModelScores, ...]


@dataclass(frozen=True)
class ExplainedInput:
    """example_id, label: of an example of the task's data, else None. name, how_read: of an image file (`Item`).

    target: the explained class, None for a regression. units: words of a text, or patches of an image in reading order,
    then `grid` says how many rows and columns of them. unread: how many words lie beyond the task's window, so that no
    model was asked about them.
    """

    input: Input
    example_id: str | None
    name: str
    how_read: str
    label: str | None
    target: str | None
    units: tuple[Unit, ...] | tuple[Patch, ...]
    grid: Grid | None
    unread: int
    answers: tuple[Answer, ...]
    explainers: tuple[ExplainedBy, ...]


@dataclass(frozen=True)
class Comparison:
    """Models in the order of every tuple below; the others are compared with the first, the teacher where there is
    one. target_given: the user named the explained class, else it is what the first model predicts. masked_with: None
    for texts."""

    card: TaskCard
    protocol: Protocol
    fill: Fill
    target_given: bool
    models: tuple[Candidate, ...]
    masked_with: MaskedWith | None
    inputs: tuple[ExplainedInput, ...]


def compare(plan: ComparisonPlan, store: Store) -> Comparison:
    """Ask model after model about every input and set each beside the first."""
    targets: list[int] = []
    asked: list[Question] = []
    logits: list[list[FloatArray]] = []
    found: list[list[Explained]] = []
    images = plan.masked_with.facts if plan.masked_with else None
    for model in plan.models:
        classifier = LazyClassifier(model.checkpoint, plan.task.card, model.order, plan.runtime)
        said = [predictions(classifier, item.examples, store, f"{model.name}, answers").logits for item in plan.items]
        if not targets:
            targets = [int(row.argmax()) if plan.target is None else plan.target for row in said]
            asked = [
                questions(item.examples, np.array([c]), images)[0] for item, c in zip(plan.items, targets, strict=True)
            ]
        logits.append(said)
        found.append([_explain(plan, place, asked, classifier, model.name, store) for place in range(len(asked))])
    return Comparison(
        card=plan.task.card,
        protocol=plan.protocol,
        fill=plan.fill,
        target_given=plan.target is not None,
        models=plan.models,
        masked_with=plan.masked_with,
        inputs=tuple(
            _explained(plan, place, asked[place], [rows[place] for rows in logits], [one[place] for one in found])
            for place in range(len(plan.items))
        ),
    )


def _explain(
    plan: ComparisonPlan, place: int, asked: Sequence[Question], classifier: LazyClassifier, name: str, store: Store
) -> Explained:
    """One model's explanations of one input."""
    images = plan.masked_with.facts if plan.masked_with else None
    examples, question = plan.items[place].examples, asked[place]
    who = name if len(asked) == 1 else f"{name}, {'image' if images else 'text'} {place + 1}"
    seed = plan.protocol.statistics.suite_seed
    return Measurement(plan.settings, seed, store, examples, [question], images).of(classifier, who)


def _explained(
    plan: ComparisonPlan, place: int, asked: Question, logits: Sequence[FloatArray], found: Sequence[Explained]
) -> ExplainedInput:
    item, card = plan.items[place], plan.task.card
    row = item.examples.inputs[0]
    return ExplainedInput(
        input=row,
        example_id=item.examples.example_ids[0] if item.from_split else None,
        name=item.name,
        how_read=item.how_read,
        label=_label(item, card),
        target=card.labels[asked.target] if card.labels else None,
        units=asked.units,
        grid=asked.grid,
        unread=len(units_of(row)) - len(asked.units) if isinstance(row, TextInput) else 0,
        answers=tuple(
            _answer(card, rows, asked.target, one.coalitions.get(plan.fill))
            for rows, one in zip(logits, found, strict=True)
        ),
        explainers=tuple(_explained_by(name, asked.target, found, plan.fill) for name in plan.settings.explainers),
    )


def _label(item: Item, card: TaskCard) -> str | None:
    label = item.examples.labels[0]
    if not item.from_split or (np.isnan(label) if card.kind == "regression" else label < 0):
        return None
    return card.labels[int(label)] if card.labels else f"{label:g}"


def _answer(card: TaskCard, logits: FloatArray, target: int, table: Sequence[ExampleCoalitions] | None) -> Answer:
    view = ModelView(card.kind, ("0",), np.zeros(1), logits, card.classes)
    best = int(view.predicted[0])
    without = None
    if table is not None and table[0].reason is None:
        values = log_odds(table[0].logits, target)
        without = float(values[kept_none(table[0].planned.coalitions.masks)])
    return Answer(
        predicted=card.labels[best] if card.labels else None,
        probability=float(view.probabilities[0, best]) if card.labels else None,
        value=float(log_odds(logits, target)[0]),
        of_nothing=without,
    )


def _explained_by(name: str, target: int, found: Sequence[Explained], fill: Fill) -> ExplainedBy:
    metric = metrics.load(SIMILARITY)
    assert isinstance(metric, SimilarityMetric)
    first = found[0].explanations[name][0]
    maskings = None
    if explainers.card(name).reads == "coalitions":
        masks = found[0].coalitions[fill][0].planned.coalitions.masks
        maskings = Maskings(*masks.shape)
    return ExplainedBy(
        name=name,
        title=explainers.title(name),
        maskings=maskings,
        rows=tuple(
            _model_scores(
                one.explanations[name][0],
                None if place == 0 else first,
                one.halves[name][0] if maskings is not None and maskings.sampled else None,
                target,
                metric,
            )
            for place, one in enumerate(found)
        ),
    )


def _model_scores(
    own: Explanation, first: Explanation | None, repeatability: float | None, target: int, metric: SimilarityMetric
) -> ModelScores:
    similarity, why = None, None
    if first is not None:
        view = explanation_view([first], [own], np.array([target]))
        value = similarities(view, metric)
        similarity = None if np.isnan(value[0]) else float(value[0])
        why = next(iter(exclusions(view, value)), None)
    return ModelScores(
        scores=own.scores,
        seen=own.covered,
        reason=own.reason,
        similarity=similarity,
        why=why,
        notes=own.notes,
        repeatability=None if repeatability is None or np.isnan(repeatability) else repeatability,
    )
