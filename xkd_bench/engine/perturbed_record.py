"""Judgements of robustness as a record holds them. No model, no file."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from xkd_bench.engine.judge_perturbed import RobustnessJudgement
from xkd_bench.records.perturbed_table import PIXEL_STEPS, DistanceUnit, PerturbedColumns, PerturbedTable
from xkd_bench.records.schema import PerturbationRecord
from xkd_bench.statistics.intervals import significant


def robustness_parts(
    table: PerturbedTable, judgement: RobustnessJudgement, digests: Mapping[str, str]
) -> dict[str, PerturbationRecord]:
    """The perturbations of a `RobustnessRecord`. digests: of the inputs, which the committed table does not hold."""
    return {
        name: PerturbationRecord(
            inputs=digests[name],
            label_changing=name in judgement.label_changing,
            applied=significant(float(columns.applied.mean())),
            distances=_mean_distances(columns),
            headline={
                "student" if role == "student" else "teacher": tuple(_number(value) for value in values)
                for role, values in judgement.found[name].by_draw.items()
            },
        )
        for name, columns in table.perturbations.items()
    }


def _mean_distances(columns: PerturbedColumns) -> dict[DistanceUnit, float]:
    """Means over the inputs that were changed."""
    if not columns.applied.any():
        return {}
    return {
        unit: significant(float(np.mean(values[columns.applied])) / (PIXEL_STEPS if unit == "pixels" else 1))
        for unit, values in columns.distances.items()
    }


def _number(value: float) -> float | None:
    return significant(value) if math.isfinite(value) else None
