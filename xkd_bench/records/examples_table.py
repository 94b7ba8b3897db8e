"""`examples.parquet`: what every number of a record is derived from. Ids and numbers, never text or pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from xkd_bench.metrics.contract import FloatArray, TaskKind
from xkd_bench.metrics.tables import LabelTable, PredictionTable
from xkd_bench.records.table_files import check_columns, read_columns, reading, write_table

EXPECTED = "a table with example_id, label, student_logits and what else a record needs"

SLICE_PREFIX = "slice."


@dataclass(frozen=True)
class ExamplesTable:
    """Labels, both models' logits (float32 as stored) and the slices, by example id."""

    labels: LabelTable
    student: PredictionTable
    teacher: PredictionTable | None
    slices: dict[str, NDArray[np.bool_]]


def write_examples(path: Path, table: ExamplesTable) -> None:
    write_table(path, _as_written(table))


def _as_written(table: ExamplesTable) -> pa.Table:
    """Columns: example_id, label, student_logits, teacher_logits, cluster, twin, slice.<name>."""
    labels = table.labels
    kind = pa.float64() if labels.kind == "regression" else pa.int32()
    columns: dict[str, pa.Array] = {
        "example_id": pa.array(labels.example_ids, pa.string()),
        "label": pa.array(labels.labels, kind),
        "student_logits": _lists(table.student.logits),
    }
    if table.teacher is not None:
        columns["teacher_logits"] = _lists(table.teacher.logits)
    if labels.clusters is not None:
        columns["cluster"] = pa.array([str(name) for name in labels.clusters], pa.string())
    if labels.twins is not None:
        columns["twin"] = pa.array(labels.twins, pa.string())
    for name, mask in table.slices.items():
        columns[SLICE_PREFIX + name] = pa.array(mask, pa.bool_())
    return pa.table(columns)


def _lists(logits: FloatArray) -> pa.Array:
    return pa.array(list(logits.astype(np.float32)), pa.list_(pa.float32()))


def read_examples(path: Path, kind: TaskKind, classes: int) -> ExamplesTable:
    """The committed table again. Raises `SubmissionError` for a file that is no such table."""
    columns = read_columns(path, EXPECTED)
    with reading(path, EXPECTED):
        ids = tuple(columns["example_id"].to_pylist())
        labels = np.asarray(columns["label"].to_pylist(), dtype=np.float64 if kind == "regression" else np.int64)
        clusters = np.asarray(columns["cluster"].to_pylist(), dtype=object) if "cluster" in columns else None
        twins = tuple(columns["twin"].to_pylist()) if "twin" in columns else None
        student = _read_logits(columns, "student_logits", ids, classes)
        teacher = _read_logits(columns, "teacher_logits", ids, classes) if "teacher_logits" in columns else None
        slices = {
            name.removeprefix(SLICE_PREFIX): np.asarray(column.to_pylist(), dtype=bool)
            for name, column in columns.items()
            if name.startswith(SLICE_PREFIX)
        }
        table = ExamplesTable(LabelTable(kind, ids, labels, classes, clusters, twins), student, teacher, slices)
        check_columns(path, columns, _as_written(table))
    return table


def _read_logits(columns: dict[str, Any], column: str, ids: tuple[str, ...], classes: int) -> PredictionTable:
    logits = np.asarray(columns[column].to_pylist(), dtype=np.float64)
    if logits.shape != (len(ids), classes):
        raise ValueError(f"{column} has shape {logits.shape}, not {(len(ids), classes)}")
    return PredictionTable(ids, logits)
