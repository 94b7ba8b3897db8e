"""What boards need of a record, a tenth of it: kept between builds, so that a long board need not read every record."""

from __future__ import annotations

from collections.abc import Mapping

from xkd_bench.leaderboard.downloads import WITH_PARTS
from xkd_bench.leaderboard.tables.alignment import HEADLINE
from xkd_bench.leaderboard.tables.curves import DROP, KEPT
from xkd_bench.leaderboard.tables.robustness import MOVED, SHARED
from xkd_bench.metrics.contract import MetricCard
from xkd_bench.records.schema import MaskedRecord, ScoreRecord, TaskResult

# Metrics whose scores by explainer or perturbation stand in a cell of a board, in its tooltip or in its files.
PARTS = {HEADLINE, DROP, KEPT, "raw_cosine", "score_drop", *WITH_PARTS, *SHARED.values()}
PARTS |= {metric for metric, _ in MOVED.values()}


def slim(result: TaskResult, metrics: Mapping[str, MetricCard]) -> TaskResult:
    """The record without what only an entry's own page shows: its curves, distributions, other measures, provenance.

    A board of many rows made from it is the same to the byte. Scores of metrics that nobody knows stay, since the board
    names them.
    """
    explained, masked = result.explanations, result.faithfulness
    if explained is not None:
        explained = explained.model_copy(
            update={
                "explainers": {
                    key: one.model_copy(
                        update={
                            "measures": {
                                name: measure.model_copy(update={"distribution": (), "excluded": {}})
                                for name, measure in one.measures.items()
                                if name == HEADLINE
                            },
                            "reliability": {},
                            "notes": {},
                        }
                    )
                    for key, one in explained.explainers.items()
                }
            }
        )
    if masked is not None:
        nothing = MaskedRecord(curves={}, scores={})
        masked = masked.model_copy(
            update={"found": {"student": dict.fromkeys(masked.found.get("student", {}), nothing)}}
        )
    return result.model_copy(
        update={
            "scores": {name: score for name, score in result.scores.items() if _on_boards(name, metrics)},
            "slices": {part: _answers(result, scores, metrics) for part, scores in result.slices.items()},
            "explanations": explained,
            "faithfulness": masked,
            "provenance": {},
        }
    )


def brief(result: TaskResult, metrics: Mapping[str, MetricCard]) -> TaskResult:
    """Headline, agreement and gate: what the first page and the lists need of a row that stands elsewhere."""
    return result.model_copy(
        update={
            "scores": _answers(result, result.scores, metrics),
            "slices": {},
            "explanations": None,
            "faithfulness": None,
            "robustness": None,
            "warnings": (),
            "lineage": None,
            "provenance": {},
        }
    )


def _on_boards(name: str, metrics: Mapping[str, MetricCard]) -> bool:
    metric, _, part = name.removeprefix("teacher.").removeprefix("transfer.").partition(".")
    return not part or metric in PARTS or metric not in metrics


def _answers(
    result: TaskResult, scores: Mapping[str, ScoreRecord], metrics: Mapping[str, MetricCard]
) -> dict[str, ScoreRecord]:
    """The headline, and scores of the student's answers: agreement is one of them."""
    return {
        name: score
        for name, score in scores.items()
        if name == result.task.headline or (name in metrics and metrics[name].group in ("quality", "agreement"))
    }
