"""`examples.parquet`: what every number of a record is derived from. Ids and numbers, never text or pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from xkd_bench.errors import BadInputError
from xkd_bench.metrics.contract import FloatArray, TaskKind
from xkd_bench.metrics.tables import LabelTable, PredictionTable
from xkd_bench.records.files import write_table

SLICE_PREFIX = "slice."


@dataclass(frozen=True)
class ExamplesTable:
    """Labels, both models' logits (float32 as stored) and the slices, by example id."""

    labels: LabelTable
    student: PredictionTable
    teacher: PredictionTable | None
    slices: dict[str, NDArray[np.bool_]]


def write_examples(path: Path, table: ExamplesTable) -> None:
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
    write_table(path, pa.table(columns))


def _lists(logits: FloatArray) -> pa.Array:
    return pa.array(list(logits.astype(np.float32)), pa.list_(pa.float32()))


def read_examples(path: Path, kind: TaskKind, classes: int) -> ExamplesTable:
    """The committed table again. Raises `BadInputError` for a file that is no such table."""
    try:
        table = pq.read_table(path)
        ids = tuple(table.column("example_id").to_pylist())
        labels = np.asarray(table.column("label").to_pylist(), dtype=np.float64 if kind == "regression" else np.int64)
        clusters = None
        if "cluster" in table.column_names:
            clusters = np.asarray(table.column("cluster").to_pylist(), dtype=object)
        twins = tuple(table.column("twin").to_pylist()) if "twin" in table.column_names else None
        student = _read_logits(table, "student_logits", ids, classes)
        teacher = (
            _read_logits(table, "teacher_logits", ids, classes) if "teacher_logits" in table.column_names else None
        )
        slices = {
            name.removeprefix(SLICE_PREFIX): np.asarray(table.column(name).to_pylist(), dtype=bool)
            for name in table.column_names
            if name.startswith(SLICE_PREFIX)
        }
    except (pa.ArrowException, KeyError, ValueError, TypeError, OSError) as error:
        raise BadInputError(
            where=str(path),
            expected="a table with example_id, label, student_logits and what else a record needs",
            found=f"{type(error).__name__}: {error}",
            fix="evaluate again",
        ) from None
    return ExamplesTable(LabelTable(kind, ids, labels, classes, clusters, twins), student, teacher, slices)


def _read_logits(table: Any, column: str, ids: tuple[str, ...], classes: int) -> PredictionTable:
    logits = np.asarray(table.column(column).to_pylist(), dtype=np.float64)
    if logits.shape != (len(ids), classes):
        raise ValueError(f"{column} has shape {logits.shape}, not {(len(ids), classes)}")
    return PredictionTable(ids, logits)
