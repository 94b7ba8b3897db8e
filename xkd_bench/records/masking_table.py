"""`masking.parquet`: what is left of both models' answers while units are masked, for every explained example.

One row an explained example, with an id and numbers. Columns, with SETTING whose explanation masks whose input:
`student` and `teacher` their own, `transfer` the teacher's explanation the student's input; KEY an explainer; MODEL
`student` or `teacher`; MEASURE `probability` (of the explained class), `agreement` (with the answer to the whole input)
or `accuracy`:

    example_id
    curve.SETTING.KEY.ORDER.MEASURE     L values, ORDER `most` or `least` important first; null without a value
    random.MODEL.MEASURE                L values, means over the random orders
    top.SETTING.KEY.LEFT                a probability, mean over shares, LEFT `without_top` or `only_top`; of texts

Values lie in [0, 1] and are stored in steps of 1/1,000; what is scored is what is stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa

from xkd_bench.metrics.contract import FloatArray
from xkd_bench.records.table_files import check_columns, read_columns, reading, write_table

EXPECTED = "a table of maskings as records.masking_table describes it"

Setting = Literal["student", "teacher", "transfer"]
Measure = Literal["probability", "agreement", "accuracy"]
Ordered = Literal["most", "least"]
Left = Literal["without_top", "only_top"]
MaskedModel = Literal["student", "teacher"]
SETTINGS: tuple[Setting, ...] = get_args(Setting)
MEASURES: tuple[Measure, ...] = get_args(Measure)
ORDERS: tuple[Ordered, ...] = get_args(Ordered)
LEFTS: tuple[Left, ...] = get_args(Left)
MASKED: dict[Setting, MaskedModel] = {"student": "student", "teacher": "teacher", "transfer": "student"}
EXPLAINED_BY: dict[Setting, MaskedModel] = {"student": "student", "teacher": "teacher", "transfer": "teacher"}
STEPS = 1000


@dataclass(frozen=True)
class MaskedBy:
    """One explainer in one setting, n examples. curves: (order, measure) → (n, L). tops: what is left → (n,), empty for
    images. NaN in rows of examples without an explanation."""

    curves: dict[tuple[Ordered, Measure], FloatArray]
    tops: dict[Left, FloatArray]


@dataclass(frozen=True)
class MaskingTable:
    """n explained examples. found: setting → explainer → what it leaves. random: (model, measure) → (n, L)."""

    example_ids: tuple[str, ...]
    found: dict[Setting, dict[str, MaskedBy]]
    random: dict[tuple[MaskedModel, Measure], FloatArray]


def rounded(values: FloatArray) -> FloatArray:
    """Numbers in [0, 1] as the file holds them."""
    return np.asarray(np.rint(values * STEPS) / STEPS)


def write_masking(path: Path, table: MaskingTable) -> None:
    write_table(path, _as_written(table))


def _as_written(table: MaskingTable) -> pa.Table:
    columns: dict[str, pa.Array] = {"example_id": pa.array(table.example_ids, pa.string())}
    columns |= {name: _steps(values) if values.ndim == 2 else _numbers(values) for name, values in _named(table)}
    return pa.table(columns)


def _named(table: MaskingTable) -> Iterator[tuple[str, FloatArray]]:
    for setting, explainers in table.found.items():
        for key, masked in explainers.items():
            for (order, measure), values in masked.curves.items():
                yield f"curve.{setting}.{key}.{order}.{measure}", values
            for left, values in masked.tops.items():
                yield f"top.{setting}.{key}.{left}", values
    for (model, measure), values in table.random.items():
        yield f"random.{model}.{measure}", values


def _steps(values: FloatArray) -> pa.Array:
    rows = [None if np.isnan(row).any() else np.rint(row * STEPS).astype(np.uint16) for row in values]
    return pa.array(rows, pa.list_(pa.uint16()))


def _numbers(values: FloatArray) -> pa.Array:
    return pa.array([None if np.isnan(value) else round(value * STEPS) for value in values], pa.uint16())


def read_masking(path: Path, levels: int) -> MaskingTable:
    """The committed table again, of `levels` levels. Raises `SubmissionError` for a file that is no such table."""
    columns = read_columns(path, EXPECTED)
    with reading(path, EXPECTED):
        named = {name: column for name, column in columns.items() if name != "example_id"}
        table = _table(tuple(columns["example_id"].to_pylist()), named, levels)
        check_columns(path, columns, _as_written(table))
    return table


def _table(ids: tuple[str, ...], columns: dict[str, Any], levels: int) -> MaskingTable:
    found: dict[Setting, dict[str, MaskedBy]] = {}
    random: dict[tuple[MaskedModel, Measure], FloatArray] = {}
    for name, column in columns.items():
        kind, *parts = name.split(".")
        if kind == "random":
            model, measure = parts
            random[_one_of(get_args(MaskedModel), model), _one_of(MEASURES, measure)] = _rows(column, levels, name)
            continue
        setting, key = _one_of(SETTINGS, parts[0]), parts[1]
        masked = found.setdefault(setting, {}).setdefault(key, MaskedBy({}, {}))
        if kind == "curve":
            order, measure = _one_of(ORDERS, parts[2]), _one_of(MEASURES, parts[3])
            masked.curves[order, measure] = _rows(column, levels, name)
        else:
            masked.tops[_one_of(LEFTS, parts[2])] = np.array(
                [np.nan if value is None else value / STEPS for value in column.to_pylist()]
            )
    return MaskingTable(ids, found, random)


def _one_of(known: tuple[Any, ...], name: str) -> Any:
    if name not in known:
        raise ValueError(f"a column speaks of {name!r}, which is none of {', '.join(known)}")
    return name


def _rows(column: Any, width: int, name: str) -> FloatArray:
    rows = column.to_pylist()
    if any(row is not None and len(row) != width for row in rows):
        raise ValueError(f"{name} has not {width} numbers in every row")
    found = np.full((len(rows), width), np.nan)
    for place, row in enumerate(rows):
        if row is not None:
            found[place] = np.asarray(row, dtype=np.float64) / STEPS
    return found
