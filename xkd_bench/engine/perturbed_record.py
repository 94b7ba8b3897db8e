"""Judgements of robustness as a record holds them. No model, no file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from xkd_bench.engine.judge_perturbed import RobustnessJudgement
from xkd_bench.records.perturbed_table import PIXEL_STEPS, DistanceUnit, PerturbedColumns, PerturbedTable, Role
from xkd_bench.records.schema import PerturbationRecord
from xkd_bench.statistics.intervals import significant


def robustness_parts(
    table: PerturbedTable, judgement: RobustnessJudgement, digests: Mapping[str, str]
) -> dict[str, Any]:
    """The parts of a `RobustnessRecord` that follow from the committed table. digests: of the inputs, which it does not
    hold."""
    first = next(iter(judgement.found.values()))  # all of them rest on the same examples
    return {
        "plain": {role: _number(value) for role, value in first.plain.items()},
        "perturbations": {
            name: PerturbationRecord(
                inputs=digests[name],
                label_changing=name in judgement.label_changing,
                applied=significant(float(columns.applied.mean())),
                distances=_mean_distances(columns),
                headline=_by_draw(judgement.found[name].by_draw),
            )
            for name, columns in table.perturbations.items()
        },
    }


def _by_draw(found: Mapping[str, tuple[float, ...]]) -> dict[Role, tuple[float | None, ...]]:
    return {
        "teacher" if role == "teacher" else "student": tuple(map(_number, values)) for role, values in found.items()
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
