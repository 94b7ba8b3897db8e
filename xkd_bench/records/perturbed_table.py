"""`perturbed.parquet`: what both models answer to perturbed inputs, R draws of each perturbation.

One row a perturbed example, with an id and numbers; NAME a perturbation, MODEL `student` or `teacher`:

    example_id
    applied.NAME            R values, whether the input could be changed; where not, the plain input's answer stands
    distance.NAME.UNIT      R values, how far the input was changed: UNIT `characters` and `words` (edit distances of a
                            text) or `pixels` (mean absolute change of an image, in thousandths of the range)
    answer.NAME.MODEL       R values, predicted class, or predicted value of a regression
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from xkd_bench.metrics.contract import TaskKind
from xkd_bench.records.table_files import check_columns, read_columns, reading, write_table

EXPECTED = "a table of perturbed inputs as records.perturbed_table describes it"

Role = Literal["student", "teacher"]
DistanceUnit = Literal["characters", "words", "pixels"]
PIXEL_STEPS = 1000


@dataclass(frozen=True)
class PerturbedColumns:
    """One perturbation of n examples, R draws: applied (n, R); distances: unit → (n, R); answers: model → (n, R)."""

    applied: NDArray[np.bool_]
    distances: dict[DistanceUnit, NDArray[np.int64]]
    answers: dict[Role, NDArray[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class PerturbedTable:
    example_ids: tuple[str, ...]
    perturbations: dict[str, PerturbedColumns]


def write_perturbed(path: Path, table: PerturbedTable) -> None:
    write_table(path, _as_written(table))


def _as_written(table: PerturbedTable) -> pa.Table:
    columns: dict[str, pa.Array] = {"example_id": pa.array(table.example_ids, pa.string())}
    for name, one in table.perturbations.items():
        columns[f"applied.{name}"] = pa.array(list(one.applied), pa.list_(pa.bool_()))
        for unit, distance in one.distances.items():
            columns[f"distance.{name}.{unit}"] = pa.array(list(distance.astype(np.uint16)), pa.list_(pa.uint16()))
        for role, answers in one.answers.items():
            values = answers.astype(np.float32 if answers.dtype.kind == "f" else np.uint16)
            columns[f"answer.{name}.{role}"] = pa.array(list(values))
    return pa.table(columns)


def read_perturbed(path: Path, kind: TaskKind, draws: int) -> PerturbedTable:
    """The committed table again, of `draws` draws. Raises `SubmissionError` for a file that is no such table."""
    columns = read_columns(path, EXPECTED)
    with reading(path, EXPECTED):
        left = dict(columns)
        ids = tuple(left.pop("example_id").to_pylist())
        found: dict[str, PerturbedColumns] = {}
        for name in [name.partition(".")[2] for name in columns if name.startswith("applied.")]:
            found[name] = PerturbedColumns(_rows(left.pop(f"applied.{name}"), draws, np.dtype(np.bool_)), {})
        for column, values in left.items():
            part, name, last = column.split(".")
            if part == "distance":
                found[name].distances[_one_of(DistanceUnit, last)] = _rows(values, draws, np.dtype(np.int64))
            else:
                dtype = np.dtype(np.float64 if kind == "regression" else np.int64)
                found[name].answers[_one_of(Role, last)] = _rows(values, draws, dtype)
        table = PerturbedTable(ids, found)
        check_columns(path, columns, _as_written(table))
    return table


def _one_of(kind: Any, name: str) -> Any:
    if name not in get_args(kind):
        raise ValueError(f"a column speaks of {name!r}, which is none of {', '.join(get_args(kind))}")
    return name


def _rows(column: Any, width: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    rows = column.to_pylist()
    if any(row is None or len(row) != width for row in rows):
        raise ValueError(f"a column has not {width} numbers in every row")
    return np.array(rows, dtype=dtype).reshape(len(rows), width)
