"""From tables to scores: every metric of the registry, the gate, the warnings. No model, no file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xkd_bench.engine.judge_explanations import AlignmentJudgement, judge_explanations, undefined_alignment
from xkd_bench.engine.judge_masking import FaithfulnessJudgement, judge_masking, undefined_faithfulness
from xkd_bench.engine.judge_perturbed import PerturbedTask, RobustnessJudgement, judge_perturbed
from xkd_bench.metrics.contract import ModelView, PredictionMetric, Reason, Score
from xkd_bench.metrics.row_order import row_order_warning
from xkd_bench.metrics.scoring import score_all
from xkd_bench.metrics.tables import join, model_view
from xkd_bench.records.examples_table import ExamplesTable
from xkd_bench.records.explanations_table import ExplanationsTable
from xkd_bench.records.masking_table import MaskingTable
from xkd_bench.records.perturbed_table import PerturbedTable
from xkd_bench.tasks.protocols import Protocol

TEACHER = "teacher."
COLLAPSED_SHARE = 0.99
GATE_LOW = 0.1

Role = Literal["student", "teacher"]


@dataclass(frozen=True)
class Gate:
    """Whether a model's behaviour on the task means anything (DESIGN: collapsed, or MCC's lower end at most 0.1)."""

    status: Literal["valid", "invalid", "weak"]
    score: Literal["mcc", "spearman"]
    low: float | None
    largest_class_share: float | None
    majority_score: float | None
    reason: str | None


@dataclass(frozen=True)
class Judgement:
    """alignment: how far explanations agree, None where none were compared. faithfulness: whether they name what the
    models depend on, None where nothing was masked. robustness: what becomes of answers to perturbed inputs."""

    scores: dict[str, Score]
    slices: dict[str, dict[str, Score]]
    gate: dict[Role, Gate]
    warnings: tuple[str, ...]
    alignment: AlignmentJudgement | None = None
    faithfulness: FaithfulnessJudgement | None = None
    robustness: RobustnessJudgement | None = None

    def with_alignment(self, alignment: AlignmentJudgement) -> Judgement:
        """This judgement with the scores of explanations beside those of predictions."""
        slices = {
            part: self.slices.get(part, {}) | alignment.slices.get(part, {})
            for part in (*self.slices, *(part for part in alignment.slices if part not in self.slices))
        }
        return replace(self, scores=self.scores | alignment.scores, slices=slices, alignment=alignment)

    def with_faithfulness(self, faithfulness: FaithfulnessJudgement) -> Judgement:
        return replace(self, scores=self.scores | faithfulness.scores, faithfulness=faithfulness)

    def why_not_explained(self) -> Reason:
        """Why there are no scores of explanations."""
        teacher = self.gate.get("teacher")
        return "teacher_invalid" if teacher is not None and teacher.status != "valid" else "not_measured"


def judge(
    table: ExamplesTable, metrics: Sequence[PredictionMetric], resamples: int, seed_words: tuple[str, ...]
) -> Judgement:
    """Score a student, and its agreement with a teacher, on the whole split and on every slice.

    Scores of the student stand under the metric's name, those of the teacher under `teacher.<name>`; a metric of the
    pair is `undefined` with `not_measured` without a teacher and with `teacher_invalid` below an invalid one.
    """
    student = model_view(table.labels, table.student, "student predictions")
    pair = None if table.teacher is None else join(table.labels, table.student, table.teacher)
    of_model = [metric for metric in metrics if metric.card.subject == "model"]
    of_pair = [metric for metric in metrics if metric.card.subject == "pair"]

    def measure(subset: NDArray[np.bool_] | None) -> dict[str, Score]:
        found = score_all(student, of_model, resamples, seed_words, subset)
        if pair is not None:
            of_teacher = score_all(pair.teacher, of_model, resamples, seed_words, subset)
            found |= {TEACHER + name: score for name, score in of_teacher.items()}
            found |= score_all(pair, of_pair, resamples, seed_words, subset)
        return found

    scores = measure(None)
    slices = {name: measure(mask) for name, mask in table.slices.items()}
    gate: dict[Role, Gate] = {"student": _gate(student, scores, "", "weak")}
    if pair is not None:
        gate["teacher"] = _gate(pair.teacher, scores, TEACHER, "invalid")
    scores, slices = (
        _without_meaning(of_pair, student, gate, scores),
        {name: _without_meaning(of_pair, student, gate, part) for name, part in slices.items()},
    )
    warning = row_order_warning(pair, resamples, seed_words) if pair is not None else None
    return Judgement(scores, slices, gate, (warning,) if warning else ())


def judge_alignment(
    judgement: Judgement,
    table: ExamplesTable,
    explained: ExplanationsTable | None,
    protocol: Protocol,
    seed_words: tuple[str, ...],
) -> Judgement:
    """The judgement with scores of alignment: of the explained examples, or saying why there are none."""
    if explained is None or table.teacher is None:
        nothing = undefined_alignment(protocol.explanations.explainers, judgement.why_not_explained())
        return replace(judgement, scores=judgement.scores | nothing)
    pair = join(table.labels, table.student, table.teacher)
    resamples = protocol.statistics.resamples
    return judgement.with_alignment(judge_explanations(explained, pair, table.slices, resamples, seed_words))


def judge_faithfulness(
    judgement: Judgement,
    table: ExamplesTable,
    masked: MaskingTable | None,
    protocol: Protocol,
    seed_words: tuple[str, ...],
) -> Judgement:
    """The judgement with scores of faithfulness, or saying why there are none."""
    if protocol.masking is None:
        return judgement
    if masked is None or table.teacher is None:
        regression = table.labels.kind == "regression"
        reason = "regression" if regression else judgement.why_not_explained()
        nothing = undefined_faithfulness(protocol.explanations.explainers, reason)
        return replace(judgement, scores=judgement.scores | nothing)
    pair = join(table.labels, table.student, table.teacher)
    return judgement.with_faithfulness(judge_masking(masked, pair, protocol, seed_words))


def judge_robustness(
    judgement: Judgement,
    table: ExamplesTable,
    perturbed: PerturbedTable | None,
    task: PerturbedTask,
    protocol: Protocol,
    seed_words: tuple[str, ...],
) -> Judgement:
    """The judgement with scores of robustness, where inputs were perturbed."""
    if perturbed is None:
        return judgement
    teacher = judgement.gate.get("teacher")
    why = None if teacher is not None and teacher.status == "valid" else judgement.why_not_explained()
    found = judge_perturbed(perturbed, table, task, protocol, seed_words, why)
    return replace(judgement, scores=judgement.scores | found.scores, robustness=found)


def _gate(view: ModelView, scores: dict[str, Score], prefix: str, failed: Literal["invalid", "weak"]) -> Gate:
    name: Literal["mcc", "spearman"] = "spearman" if view.kind == "regression" else "mcc"
    low = scores[prefix + name].low
    share = majority = None
    if view.kind == "classification":
        share = float(np.bincount(view.predicted, minlength=view.classes).max() / len(view.labels))
        majority = float(np.bincount(view.labels, minlength=view.classes).max() / len(view.labels))
    reason = None
    if share is not None and share >= COLLAPSED_SHARE:
        reason = f"collapsed: {share:.1%} of the predictions are one class"
    elif low is None:
        reason = f"{name} is undefined"
    elif low <= GATE_LOW:
        reason = f"the lower end of the 95 % interval of {name} is {low:.3f}, not above {GATE_LOW}"
    return Gate(failed if reason else "valid", name, low, share, majority, reason)


def _without_meaning(
    of_pair: Sequence[PredictionMetric], view: ModelView, gate: dict[Role, Gate], scores: dict[str, Score]
) -> dict[str, Score]:
    """Alignment with nobody, or with an invalid teacher, has no value: say why instead of showing a number."""
    teacher = gate.get("teacher")
    if teacher is not None and teacher.status == "valid":
        return scores
    cards = [metric.card for metric in of_pair if view.kind in metric.card.kinds]
    applies = [card for card in cards if view.twins is not None or not card.needs_pairs]
    if teacher is None:
        return scores | {card.name: Score.undefined("not_measured") for card in applies}
    return scores | {card.name: Score.undefined("teacher_invalid", scores[card.name].n) for card in applies}
