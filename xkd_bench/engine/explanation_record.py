"""Judgements as a record holds them. No model, no file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from xkd_bench.engine.judge_explanations import AlignmentJudgement, ExplainerJudgement
from xkd_bench.metrics.alignment_scoring import Alignment
from xkd_bench.metrics.contract import Score
from xkd_bench.records.explanations_table import SCALED
from xkd_bench.records.schema import ExplainerRecord, FillRecord, MeasureRecord, ScaleRecord, ScoreRecord
from xkd_bench.statistics.intervals import significant


def score_record(score: Score) -> ScoreRecord:
    return ScoreRecord(**asdict(score))


def score_records(scores: Mapping[str, Score]) -> dict[str, ScoreRecord]:
    return {name: score_record(score) for name, score in scores.items()}


def explanation_parts(alignment: AlignmentJudgement) -> dict[str, Any]:
    """The parts of an `ExplanationsRecord` that follow from the committed table."""
    return {
        "explainers": {key: _explainer(found) for key, found in alignment.explainers.items()},
        "fills": {
            key: FillRecord(
                gap=score_record(found.gap),
                verdicts=dict(found.verdicts),
                gain_gap=_score_or_none(found.gain_gap),
                gain_verdicts=dict(found.gain_verdicts),
                survives=found.survives,
            )
            for key, found in alignment.fills.items()
        },
    }


def _explainer(found: ExplainerJudgement) -> ExplainerRecord:
    return ExplainerRecord(
        measures={
            name: _measure(name, alignment, found.disattenuated.get(name), found.gains.get(name))
            for name, alignment in found.alignments.items()
        },
        reliability={role: score_record(score) for role, score in found.reliability.items()},
        notes={
            role: {name: significant(value) for name, value in notes.items()} for role, notes in found.notes.items()
        },
    )


def _measure(name: str, alignment: Alignment, disattenuated: Score | None, gain: Score | None) -> MeasureRecord:
    scale = None
    if name in SCALED:
        scale = ScaleRecord(
            floor=score_record(alignment.floor),
            ceiling=score_record(alignment.ceiling),
            calibrated=score_record(alignment.calibrated),
            random_student=score_record(alignment.random_student),
            retrained=tuple(score_record(score) for score in alignment.retrained),
        )
    return MeasureRecord(
        median=score_record(alignment.median),
        excluded=dict(alignment.excluded),
        distribution=tuple(alignment.histogram),
        scale=scale,
        disattenuated=_score_or_none(disattenuated),
        gain=_score_or_none(gain),
    )


def _score_or_none(score: Score | None) -> ScoreRecord | None:
    return score_record(score) if score else None
