"""`explanations.parquet`: both models' explanations and every per-example number the alignment scores rest on.

One row an explained example, with an id and numbers, never text. Columns, with KEY an explainer, or an explainer and
the fill it was asked with (`lime`, `lime.mask`), and ROLE `teacher` or `student`:

    example_id, punctuation                 id; which of the n units are punctuation marks
    vector.ROLE.KEY, scale.ROLE.KEY         n scores in steps of scale / 32,767; ABSENT for a unit a model did not see
    reason.KEY                              why the vectors must not be used; null where they stand
    note.ROLE.KEY.NAME                      what the explainer says of itself, e.g. its completeness gap
    reliability.ROLE.KEY                    where maskings were sampled
    coalitions.FILL.METRIC                  scores that need no explainer
    retrained.KEY.METRIC                    a number for each retrained teacher
    random_student.KEY.METRIC
    baseline.KEY.METRIC                     of the student this one is held against

What is scored is what is stored: vectors are rounded to steps before anything is computed from them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from xkd_bench.metrics.contract import ExplanationView, FloatArray, IntArray, Reason
from xkd_bench.records.table_files import check_columns, read_columns, reading, write_table

EXPECTED = "a table of explanations as records.explanations_table describes it"

Role = Literal["teacher", "student"]
ROLES: tuple[Role, ...] = get_args(Role)
STEPS = 32767
ABSENT = -32768
SCALED = ("centred_cosine", "raw_cosine")  # the measures that are held against retrained teachers

Steps = NDArray[np.int16]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Vectors:
    """One model's explanations: n vectors in steps, and what one step is worth a unit, (n,)."""

    steps: tuple[Steps, ...]
    scale: FloatArray


@dataclass(frozen=True)
class ExplainerColumns:
    """What one explainer says of both models, n examples.

    notes: name → (n,). reliability: (n,), NaN where it has none. retrained: metric → (n, R). random_student: metric →
    (n,), NaN where it was not asked. baseline: metric → (n,).
    """

    vectors: dict[Role, Vectors]
    reasons: tuple[Reason | None, ...]
    notes: dict[Role, dict[str, FloatArray]] = field(default_factory=dict)
    reliability: dict[Role, FloatArray] = field(default_factory=dict)
    retrained: dict[str, FloatArray] = field(default_factory=dict)
    random_student: dict[str, FloatArray] = field(default_factory=dict)
    baseline: dict[str, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True)
class ExplanationsTable:
    """n explained examples. coalitions: fill → metric → (n,), NaN where it has no value."""

    example_ids: tuple[str, ...]
    punctuation: tuple[BoolArray, ...]
    explainers: dict[str, ExplainerColumns]
    coalitions: dict[str, dict[str, FloatArray]]


def to_steps(scores: FloatArray, covered: BoolArray) -> tuple[Steps, float]:
    """Scores (n,) as whole steps of max|score| / 32,767, and that maximum; ABSENT where not covered."""
    scale = float(np.float32(np.abs(scores[covered]).max(initial=0.0)))
    steps = np.full(len(scores), ABSENT, dtype=np.int16)
    if scale > 0:
        steps[covered] = np.clip(np.rint(scores[covered] / scale * STEPS), -STEPS, STEPS).astype(np.int16)
    else:
        steps[covered] = 0
    return steps, scale


def as_stored(values: FloatArray) -> FloatArray:
    """Per-example numbers as the file holds them: six decimals, 32 bits."""
    return np.round(values, 6).astype(np.float32).astype(np.float64)


def view_of(
    example_ids: tuple[str, ...],
    teacher: Vectors,
    student: Vectors,
    punctuation: Sequence[BoolArray],
    reasons: tuple[Reason | None, ...],
    teacher_class: IntArray,
    clusters: NDArray[Any] | None = None,
) -> ExplanationView:
    """What metrics see: the units that both models saw."""
    both = [(one != ABSENT) & (other != ABSENT) for one, other in zip(teacher.steps, student.steps, strict=True)]
    return ExplanationView(
        example_ids=example_ids,
        teacher=tuple(row[seen].astype(np.float64) for row, seen in zip(teacher.steps, both, strict=True)),
        student=tuple(row[seen].astype(np.float64) for row, seen in zip(student.steps, both, strict=True)),
        punctuation=tuple(mask[seen] for mask, seen in zip(punctuation, both, strict=True)),
        reasons=reasons,
        teacher_class=teacher_class,
        clusters=clusters,
    )


def write_explanations(path: Path, table: ExplanationsTable) -> None:
    write_table(path, _as_written(table))


def _as_written(table: ExplanationsTable) -> pa.Table:
    columns: dict[str, pa.Array] = {
        "example_id": pa.array(table.example_ids, pa.string()),
        "punctuation": pa.array([mask.tolist() for mask in table.punctuation], pa.list_(pa.bool_())),
    }
    for key, explainer in table.explainers.items():
        columns |= dict(_explainer_columns(key, explainer))
    for fill, metrics in table.coalitions.items():
        columns |= {f"coalitions.{fill}.{name}": _floats(values) for name, values in metrics.items()}
    return pa.table(columns)


def _explainer_columns(key: str, explainer: ExplainerColumns) -> Iterator[tuple[str, pa.Array]]:
    for role, vectors in explainer.vectors.items():
        yield f"vector.{role}.{key}", pa.array(list(vectors.steps), pa.list_(pa.int16()))
        yield f"scale.{role}.{key}", _floats(vectors.scale)
    yield f"reason.{key}", pa.array(explainer.reasons, pa.string())
    for role, notes in explainer.notes.items():
        for name, values in notes.items():
            yield f"note.{role}.{key}.{name}", _floats(values)
    for role, values in explainer.reliability.items():
        yield f"reliability.{role}.{key}", _floats(values)
    for metric, values in explainer.retrained.items():
        yield f"retrained.{key}.{metric}", pa.array(list(values.astype(np.float32)), pa.list_(pa.float32()))
    for beside, others in (("random_student", explainer.random_student), ("baseline", explainer.baseline)):
        for metric, values in others.items():
            yield f"{beside}.{key}.{metric}", _floats(values)


def _floats(values: FloatArray) -> pa.Array:
    return pa.array(values.astype(np.float32), pa.float32())


def read_explanations(path: Path) -> ExplanationsTable:
    """The committed table again. Raises `SubmissionError` for a file that is no such table."""
    columns = read_columns(path, EXPECTED)
    with reading(path, EXPECTED):
        table = _Columns(columns).table()
        check_columns(path, columns, _as_written(table))
    return table


def read_vectors(path: Path, keys: Sequence[str]) -> tuple[tuple[str, ...], dict[str, ExplainerColumns]]:
    """Ids, and of some explainers both models' vectors and reasons: much less than the whole table."""
    wanted = ["example_id"]
    for key in keys:
        wanted += [f"reason.{key}", *(f"{part}.{role}.{key}" for part in ("vector", "scale") for role in ROLES)]
    with reading(path, f"a table of explanations with those of {', '.join(keys)}"):
        table = pq.read_table(path, columns=wanted)
        columns = {name: table.column(name) for name in table.column_names}
        ids = tuple(columns["example_id"].to_pylist())
        return ids, {key: _vectors_of(columns, key) for key in keys}


def _vectors_of(columns: Mapping[str, Any], key: str) -> ExplainerColumns:
    vectors: dict[Role, Vectors] = {}
    for role in ROLES:
        lists = columns[f"vector.{role}.{key}"].combine_chunks()
        ends, flat = lists.offsets.to_numpy(), lists.values.to_numpy(zero_copy_only=False).astype(np.int16)
        steps = tuple(flat[start:end] for start, end in itertools.pairwise(ends.tolist()))
        vectors[role] = Vectors(steps, columns[f"scale.{role}.{key}"].to_numpy().astype(np.float64))
    if [len(row) for row in vectors["teacher"].steps] != [len(row) for row in vectors["student"].steps]:
        raise ValueError(f"vectors of {key} have not one score for each unit of both models")
    return ExplainerColumns(vectors, tuple(columns[f"reason.{key}"].to_pylist()))


class _Columns:
    """A file's columns by name."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.found = found

    def table(self) -> ExplanationsTable:
        ids = tuple(self.found["example_id"].to_pylist())
        punctuation = tuple(np.asarray(mask, dtype=np.bool_) for mask in self.found["punctuation"].to_pylist())
        keys = [name.removeprefix("reason.") for name in self.found if name.startswith("reason.")]
        explainers = {key: self._explainer(key, [len(mask) for mask in punctuation]) for key in keys}
        coalitions: dict[str, dict[str, FloatArray]] = {}
        for name, values in self._below("coalitions."):
            fill, metric = name.split(".")
            coalitions.setdefault(fill, {})[metric] = values
        return ExplanationsTable(ids, punctuation, explainers, coalitions)

    def _explainer(self, key: str, lengths: list[int]) -> ExplainerColumns:
        reasons = tuple(self.found[f"reason.{key}"].to_pylist())
        unknown = {reason for reason in reasons if reason is not None} - set(get_args(Reason))
        if unknown:
            raise ValueError(f"reason.{key} holds {', '.join(sorted(unknown))}")
        return ExplainerColumns(
            vectors={role: self._vectors(role, key, lengths) for role in ROLES},
            reasons=reasons,
            notes=_without_empty({role: dict(self._below(f"note.{role}.{key}.")) for role in ROLES}),
            reliability={
                role: _values(self.found[f"reliability.{role}.{key}"])
                for role in ROLES
                if f"reliability.{role}.{key}" in self.found
            },
            retrained={name: self._rows(values) for name, values in self._raw(f"retrained.{key}.")},
            random_student=dict(self._below(f"random_student.{key}.")),
            baseline=dict(self._below(f"baseline.{key}.")),
        )

    def _vectors(self, role: Role, key: str, lengths: list[int]) -> Vectors:
        steps = tuple(np.asarray(row, dtype=np.int16) for row in self.found[f"vector.{role}.{key}"].to_pylist())
        if [len(row) for row in steps] != lengths:
            raise ValueError(f"vector.{role}.{key} has not one score for each unit")
        return Vectors(steps, _values(self.found[f"scale.{role}.{key}"]))

    def _raw(self, prefix: str) -> list[tuple[str, Any]]:
        """Columns directly below a prefix: `lime.` is no part of `lime.mask.`."""
        below = [(name.removeprefix(prefix), column) for name, column in self.found.items() if name.startswith(prefix)]
        depth = 1 if prefix.startswith("coalitions.") else 0
        return [(name, column) for name, column in below if name.count(".") == depth]

    def _below(self, prefix: str) -> list[tuple[str, FloatArray]]:
        return [(name, _values(column)) for name, column in self._raw(prefix)]

    @staticmethod
    def _rows(column: Any) -> FloatArray:
        rows = np.asarray(column.to_pylist(), dtype=np.float64)
        if rows.ndim != 2:
            raise ValueError("retrained teachers' columns have not one number for each teacher in every row")
        return rows


def _values(column: Any) -> FloatArray:
    return np.asarray([np.nan if value is None else value for value in column.to_pylist()], dtype=np.float64)


def _without_empty(notes: Mapping[Role, dict[str, FloatArray]]) -> dict[Role, dict[str, FloatArray]]:
    return {role: named for role, named in notes.items() if named}
