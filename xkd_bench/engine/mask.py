"""Are explanations faithful? Mask what they put first and last, and see what is left: orders → probe → one table.

Every explainer masks the input of the model it explains, and the teacher's explanation the student's input as well
(`transfer`): do the features that matter to the teacher matter to the student? Random orders, the same for both models,
are what they are held against. Each level masks the clean input.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xkd_bench.engine.plan import Plan
from xkd_bench.engine.questions import filling, image_facts, questions
from xkd_bench.explainers.coalitions import BoolArray, IntArray
from xkd_bench.explainers.contract import Question
from xkd_bench.explainers.orders import masked_first, most_important_first, only_top, random_order, without_top
from xkd_bench.metrics.contract import FloatArray
from xkd_bench.models.classifier import LazyClassifier
from xkd_bench.probes.masked import Asked
from xkd_bench.probes.masking import masking
from xkd_bench.records.explanations_table import ABSENT, ExplanationsTable
from xkd_bench.records.masking_table import (
    EXPLAINED_BY,
    LEFTS,
    MASKED,
    MEASURES,
    ORDERS,
    SETTINGS,
    MaskedBy,
    MaskedModel,
    MaskingTable,
    Setting,
    rounded,
)
from xkd_bench.records.store import Store
from xkd_bench.tasks.protocols import MaskingCard


def mask(
    plan: Plan,
    store: Store,
    explained: ExplanationsTable,
    teacher_logits: FloatArray,
    roles: Sequence[MaskedModel] = ("teacher", "student"),
) -> MaskingTable | None:
    """Mask by every explanation of the table. None where the protocol measures no faithfulness, and for a regression,
    whose answers are no probabilities.

    teacher_logits: (n, C) of all examples of the plan, in its order. roles: whose inputs are masked.
    """
    card = plan.protocol.masking
    models: dict[MaskedModel, LazyClassifier | None] = {"teacher": plan.teacher, "student": plan.student}
    asked_of = {role: model for role in roles if (model := models[role]) is not None}
    if card is None or plan.task.card.kind == "regression" or len(asked_of) < len(roles):
        return None
    place = {example_id: row for row, example_id in enumerate(plan.examples.example_ids)}
    chosen = [place[example_id] for example_id in explained.example_ids]
    examples, targets = plan.examples.take(chosen), teacher_logits[chosen].argmax(axis=1)
    images = image_facts(plan)
    asked = questions(examples, targets, images)
    seed = (plan.protocol.statistics.suite_seed, plan.examples.fingerprint)
    planner = _Planner(card, explained, asked, seed)
    fill = filling(card.image_fill if images else card.fill, images)
    left = {}
    for role, model in asked_of.items():
        parts = planner.parts(role)
        rows = [Asked(q.input, q.units, one.masks) for q, one in zip(asked, parts, strict=True)]
        logits = masking(model, examples, rows, fill, store, f"{role}, masked by explanations")
        left[role] = [
            _left(found, one, int(target), int(label))
            for found, one, target, label in zip(logits, parts, targets, examples.labels, strict=True)
        ]
    return MaskingTable(
        example_ids=explained.example_ids,
        found={
            setting: {key: _masked_by(planner, left[MASKED[setting]], setting, key) for key in planner.keys}
            for setting in SETTINGS
            if MASKED[setting] in left
        },
        random={
            (role, measure): rounded(np.stack([_mean_of_random(one, m, card.random_orders) for one in left[role]]))
            for role in left
            for m, measure in enumerate(MEASURES)
        },
    )


@dataclass(frozen=True)
class _Parts:
    """What is asked about one example: maskings (m, n), none twice, and for each name the rows that are its own."""

    masks: BoolArray
    rows: dict[str, IntArray]


class _Planner:
    """Which maskings each explanation asks for."""

    def __init__(
        self, card: MaskingCard, explained: ExplanationsTable, asked: Sequence[Question], seed: tuple[object, ...]
    ) -> None:
        self.card, self.explained, self.asked, self.seed = card, explained, asked, seed
        self.levels = (0, *card.levels)
        # Of an explainer with two fills the first one: the second is about the fill.
        self.keys = [key for key in explained.explainers if "." not in key]

    def parts(self, masked: MaskedModel) -> list[_Parts]:
        return [self._of(row, question, masked) for row, question in enumerate(self.asked)]

    def _of(self, row: int, question: Question, masked: MaskedModel) -> _Parts:
        n = len(question.units)
        words = (*self.seed, question.example_id)
        asked: dict[str, BoolArray] = {}
        seen = self._seen(row, n)
        for draw in range(self.card.random_orders):
            order = random_order(len(seen), draw, words)
            asked[f"random.{draw}"] = masked_first(order, self.levels, seen, n)
        for setting in SETTINGS:
            if MASKED[setting] != masked:
                continue
            for key in self.keys:
                asked |= self._by(row, question, setting, key, words)
        return _distinct(asked)

    def _both_saw(self, row: int, key: str) -> BoolArray:
        """Which units both models saw, (n,)."""
        vectors = self.explained.explainers[key].vectors
        return np.asarray((vectors["teacher"].steps[row] != ABSENT) & (vectors["student"].steps[row] != ABSENT))

    def _seen(self, row: int, n: int) -> IntArray:
        """Units that random orders mask: those that any explanation of the example could name."""
        usable = [key for key in self.keys if self.explained.explainers[key].reasons[row] is None]
        named = [self._both_saw(row, key) for key in usable]
        return np.flatnonzero(np.logical_or.reduce(named)) if named else np.arange(n)

    def _by(
        self, row: int, question: Question, setting: Setting, key: str, words: tuple[object, ...]
    ) -> dict[str, BoolArray]:
        columns, n = self.explained.explainers[key], len(question.units)
        if columns.reasons[row] is not None:
            return {}
        units = np.flatnonzero(self._both_saw(row, key))
        scores = columns.vectors[EXPLAINED_BY[setting]].steps[row][units].astype(np.float64)
        order = most_important_first(scores, (*words, key))
        name = f"{setting}.{key}"
        found = {
            f"{name}.most": masked_first(order, self.levels, units, n),
            f"{name}.least": masked_first(order[::-1], self.levels, units, n),
        }
        if question.grid is None and len(units):
            found |= {
                f"{name}.without_top": without_top(order, units, n),
                f"{name}.only_top": only_top(order, units, n),
            }
        return found


def _distinct(asked: dict[str, BoolArray]) -> _Parts:
    stacked = np.concatenate(list(asked.values()))
    masks, inverse = np.unique(stacked, axis=0, return_inverse=True)
    ends = np.cumsum([len(rows) for rows in asked.values()])
    return _Parts(masks, dict(zip(asked, np.split(inverse.ravel(), ends[:-1]), strict=True)))


def _left(logits: FloatArray, parts: _Parts, target: int, label: int) -> dict[str, FloatArray]:
    """What is left of an answer, by name of an order: (measures, L)."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    predicted = logits.argmax(axis=1)
    whole = predicted[parts.masks.all(axis=1).argmax()]
    measures = [shifted[:, target] / shifted.sum(axis=1), predicted == whole, predicted == label]
    unusable = ~np.isfinite(logits).all(axis=1)
    values: NDArray[np.float64] = np.where(unusable, np.nan, np.stack(measures))
    return {name: values[:, rows] for name, rows in parts.rows.items()}


def _mean_of_random(left: dict[str, FloatArray], measure: int, orders: int) -> FloatArray:
    return np.asarray(np.mean([left[f"random.{draw}"][measure] for draw in range(orders)], axis=0))


def _masked_by(planner: _Planner, left: Sequence[dict[str, FloatArray]], setting: Setting, key: str) -> MaskedBy:
    name, levels = f"{setting}.{key}", len(planner.levels)

    def rows(part: str, measure: int, width: int) -> FloatArray:
        nothing = np.full((len(MEASURES), width), np.nan)
        return rounded(np.stack([one.get(f"{name}.{part}", nothing)[measure] for one in left]))

    def top(part: str) -> FloatArray:
        found = [one.get(f"{name}.{part}") for one in left]
        return rounded(np.array([np.nan if row is None else row[0].mean() for row in found]))

    return MaskedBy(
        curves={(order, measure): rows(order, m, levels) for order in ORDERS for m, measure in enumerate(MEASURES)},
        tops={part: top(part) for part in LEFTS if any(f"{name}.{part}" in one for one in left)},
    )
