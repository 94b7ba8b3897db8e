"""From the table of maskings to scores of faithfulness.

An explanation is of one class, the teacher's, so a model is judged on the examples where it predicts that class itself;
on the others masking what speaks for the class says nothing of the model's answer. `n` says how many are left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xkd_bench.metrics import registry
from xkd_bench.metrics.contract import FloatArray, MaskingView, PairView, Reason, Score
from xkd_bench.metrics.faithfulness_scoring import Faithfulness, Resampling, score_masking, transfer_ratio
from xkd_bench.records.masking_table import MASKED, MEASURES, MaskingTable, Measure, Setting
from xkd_bench.tasks.protocols import Protocol

HEADLINE = "drop_most_first"
MEASURE: Measure = "probability"


@dataclass(frozen=True)
class FaithfulnessJudgement:
    """scores: `drop_most_first.lime` of the student's own explanations, `teacher.…` of the teacher's on the teacher,
    `transfer.…` of the teacher's on the student. transfer_ratios: explainer → of `HEADLINE`."""

    scores: dict[str, Score]
    found: dict[Setting, dict[str, Faithfulness]]
    transfer_ratios: dict[str, Score]


def judge_masking(
    table: MaskingTable, pair: PairView, protocol: Protocol, seed_words: tuple[str, ...]
) -> FaithfulnessJudgement:
    """Score every metric of faithfulness of every explainer in every setting."""
    assert protocol.masking is not None
    levels = np.array((0, *protocol.masking.levels)) / 100
    place = {example_id: row for row, example_id in enumerate(pair.teacher.example_ids)}
    rows = np.array([place[example_id] for example_id in table.example_ids], dtype=np.int64)
    target = pair.teacher.predicted[rows]
    counted: dict[str, NDArray[np.bool_]] = {
        "teacher": np.ones(len(rows), dtype=np.bool_),
        "student": pair.student.predicted[rows] == target,
    }
    clusters = None if pair.teacher.clusters is None else pair.teacher.clusters[rows]
    over = Resampling(table.example_ids, protocol.statistics.resamples, seed_words, clusters)
    metrics = registry.masking_metrics()
    found: dict[Setting, dict[str, Faithfulness]] = {}
    scores: dict[str, Score] = {}
    for setting, explainers in table.found.items():
        for key in explainers:
            views: dict[str, MaskingView] = {
                measure: masking_view(table, levels, setting, key, measure) for measure in MEASURES
            }
            one = score_masking(views, counted[MASKED[setting]], metrics, over)
            found.setdefault(setting, {})[key] = one
            for metric in metrics:
                scores[score_name(setting, metric.card.name, key)] = one.score(MEASURE, metric.card.name)
    ratios = {
        key: transfer_ratio(found["transfer"][key].draws[MEASURE, HEADLINE], own.draws[MEASURE, HEADLINE])
        for key, own in found["student"].items()
    }
    return FaithfulnessJudgement(scores, found, ratios)


def masking_view(table: MaskingTable, levels: FloatArray, setting: Setting, key: str, measure: Measure) -> MaskingView:
    """What metrics see of one explainer in one setting. levels: (L,), shares of the units, the first one 0."""
    masked = table.found[setting][key]
    return MaskingView(
        levels,
        masked.curves["most", measure],
        masked.curves["least", measure],
        table.random[MASKED[setting], measure],
        masked.tops.get("without_top") if measure == MEASURE else None,
        masked.tops.get("only_top") if measure == MEASURE else None,
    )


def score_name(setting: Setting, metric: str, key: str) -> str:
    """`drop_most_first.lime`, `teacher.drop_most_first.lime`, `transfer.drop_most_first.lime`."""
    return f"{metric}.{key}" if setting == "student" else f"{setting}.{metric}.{key}"


def undefined_faithfulness(explainers: tuple[str, ...], reason: Reason) -> dict[str, Score]:
    """The student's own scores of a protocol's explainers, without a value."""
    names = [f"{metric.card.name}.{key}" for metric in registry.masking_metrics() for key in explainers]
    return {name: Score.undefined(reason) for name in names}
