"""Judgements of faithfulness as a record holds them. No model, no file."""

from __future__ import annotations

from typing import Any

from xkd_bench.engine.explanation_record import score_record
from xkd_bench.engine.judge_masking import MEASURE, FaithfulnessJudgement
from xkd_bench.metrics.faithfulness_scoring import Faithfulness
from xkd_bench.records.schema import CurveRecord, MaskedRecord, ScoreRecord
from xkd_bench.statistics.intervals import significant

POINT_DIGITS = 6


def faithfulness_parts(judgement: FaithfulnessJudgement) -> dict[str, Any]:
    """The parts of a `FaithfulnessRecord` that follow from the committed table."""
    return {
        "found": {
            setting: {key: _masked(one) for key, one in explainers.items()}
            for setting, explainers in judgement.found.items()
        },
        "transfer_ratios": {key: score_record(score) for key, score in judgement.transfer_ratios.items()},
    }


def _masked(one: Faithfulness) -> MaskedRecord:
    scores: dict[str, dict[str, ScoreRecord]] = {}
    for measure, metric in one.draws:
        score = one.score(measure, metric)
        if score.value is not None or measure == MEASURE:
            scores.setdefault(measure, {})[metric] = score_record(score)
    return MaskedRecord(
        curves={
            measure: {
                name: CurveRecord(
                    values=tuple(_short(point.value) for point in curve.points),
                    lows=tuple(_short(point.low) for point in curve.points),
                    highs=tuple(_short(point.high) for point in curve.points),
                    area=score_record(curve.area),
                )
                for name, curve in curves.items()
            }
            for measure, curves in one.curves.items()
        },
        scores=scores,
    )


def _short(value: float | None) -> float | None:
    """Six digits, which are more than a picture shows: a record holds thousands of points."""
    return None if value is None else significant(value, POINT_DIGITS)
