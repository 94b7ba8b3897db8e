"""From the table of perturbed inputs to scores of robustness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xkd_bench.metrics import registry
from xkd_bench.metrics.contract import ModelView, PerturbedModelView, Reason, Score, SumMetric, WeightMetric
from xkd_bench.metrics.robustness_scoring import PerturbedAnswers, Robustness, score_robustness
from xkd_bench.metrics.tables import model_view
from xkd_bench.records.examples_table import ExamplesTable
from xkd_bench.records.perturbed_table import PerturbedColumns, PerturbedTable, Role
from xkd_bench.tasks.protocols import Protocol

HEADLINE = {"classification": "flip_kappa", "regression": "change_correlation"}


@dataclass(frozen=True)
class PerturbedTask:
    """What of a task scores of robustness depend on."""

    headline: str
    label_changing: frozenset[str]


@dataclass(frozen=True)
class RobustnessJudgement:
    """scores: `flip_kappa.word_swap` of the pair, `flip_rate.word_swap` of the student, `teacher.flip_rate.word_swap`.
    found: perturbation → everything of it."""

    scores: dict[str, Score]
    found: dict[str, Robustness]
    label_changing: frozenset[str]


def judge_perturbed(
    perturbed: PerturbedTable,
    table: ExamplesTable,
    task: PerturbedTask,
    protocol: Protocol,
    seed_words: tuple[str, ...],
    why_no_pair: Reason | None,
) -> RobustnessJudgement:
    """Score every metric of robustness for every perturbation.

    why_no_pair: why student and teacher must not be held against each other, None where they may.
    """
    place = {example_id: row for row, example_id in enumerate(table.labels.example_ids)}
    rows = np.array([place[example_id] for example_id in perturbed.example_ids], dtype=np.int64)
    plain: dict[Role, ModelView] = {"student": model_view(table.labels, table.student, "student predictions")}
    if table.teacher is not None:
        plain["teacher"] = model_view(table.labels, table.teacher, "teacher predictions")
    score = registry.load(task.headline)
    assert isinstance(score, SumMetric | WeightMetric)
    metrics = registry.perturbed_metrics()
    found: dict[str, Robustness] = {}
    scores: dict[str, Score] = {}
    for name, columns in perturbed.perturbations.items():
        views = {role: perturbed_view(view, rows, columns, role) for role, view in plain.items()}
        one = score_robustness(
            PerturbedAnswers(
                perturbed.example_ids,
                table.labels.labels[rows],
                views["student"],
                views.get("teacher"),
                None if table.labels.clusters is None else table.labels.clusters[rows],
            ),
            score,
            metrics,
            protocol.statistics.resamples,
            seed_words,
            label_changing=name in task.label_changing,
        )
        found[name] = one
        scores |= {f"{metric}.{name}": value for metric, value in one.scores.items()}
    if why_no_pair is not None:
        cards = [metric.card for metric in metrics if table.labels.kind in metric.card.kinds]
        of_pairs = [card.name for card in cards if card.subject == "perturbed pair"]
        nothing = Score.undefined(why_no_pair, len(rows))
        scores |= {f"{metric}.{name}": nothing for metric in of_pairs for name in found}
    return RobustnessJudgement(scores, found, task.label_changing & set(found))


def perturbed_view(
    view: ModelView, rows: NDArray[np.int64], columns: PerturbedColumns, role: Role
) -> PerturbedModelView:
    """One model's answers to the examples in `rows` of its view, as they are and perturbed."""
    said = view.values if view.kind == "regression" else view.predicted
    return PerturbedModelView(view.kind, view.classes, said[rows], columns.answers[role])
