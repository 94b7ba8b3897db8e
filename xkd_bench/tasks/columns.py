"""From columns of rows to ids, inputs, labels and slices in the task's own terms."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xkd_bench.errors import BadInputError
from xkd_bench.tasks.card import ColumnCard, TaskCard
from xkd_bench.tasks.examples import Input, TextInput
from xkd_bench.tasks.images import image_of
from xkd_bench.tasks.sources import Rows, needed_columns


def _column(name: str, rows: Rows) -> list[Any]:
    """Values of a column; `a.b` reaches into a struct."""
    head, _, rest = name.partition(".")
    values = rows[head]
    return [value[rest] for value in values] if rest else values


def read_joined(names: tuple[str, ...], rows: Rows, count: int, glue: str) -> list[str]:
    columns = [_column(name, rows) for name in names]
    return [glue.join(str(column[i]) for column in columns) for i in range(count)]


def check_columns(columns: ColumnCard, card: TaskCard, rows: Rows, where: str) -> None:
    missing = sorted(needed_columns(card) - set(rows))
    if missing:
        raise BadInputError(
            where=where,
            expected=f"columns {', '.join(sorted(needed_columns(card)))}",
            found=f"no column {', '.join(missing)} (there are: {', '.join(sorted(rows)) or 'none'})",
            fix="add the column, or name the right one under [data.columns] of the task file",
        )


def read_ids(columns: ColumnCard, rows: Rows, count: int, where: str) -> list[str]:
    if not columns.id:
        return [str(i) for i in range(count)]
    ids = read_joined(columns.id, rows, count, "-")
    if len(set(ids)) != count:
        seen: set[str] = set()
        double = next(i for i in ids if i in seen or seen.add(i))  # type: ignore[func-returns-value]
        raise BadInputError(
            where=where,
            expected=f"a different id in {'-'.join(columns.id)} for each row",
            found=f"id {double!r} more than once",
            fix="remove the double rows, or name a column that tells rows apart",
        )
    return ids


def read_inputs(card: TaskCard, rows: Rows, count: int, where: str) -> list[Input]:
    columns = card.data.columns
    if card.modality == "image":
        assert columns.image is not None
        return [image_of(value, f"{where}, row {i}") for i, value in enumerate(_column(columns.image, rows))]
    assert columns.text is not None
    for name in (*columns.text, *(columns.text_pair or ())):
        for i, value in enumerate(_column(name, rows)):
            if not isinstance(value, str):
                raise BadInputError(
                    where=f"{where}, row {i}, column {name}",
                    expected="a text",
                    found=f"{type(value).__name__} {value!r}",
                    fix="mend the row, or remove it",
                )
    first = read_joined(columns.text, rows, count, " ")
    if columns.text_pair is None:
        return [TextInput(text) for text in first]
    second = read_joined(columns.text_pair, rows, count, " ")
    return [TextInput(text, pair) for text, pair in zip(first, second, strict=True)]


def read_labels(card: TaskCard, values: list[Any], declared: list[str] | None, where: str) -> NDArray[Any]:
    """Labels in the task's canonical order. Integers follow the names the data declares, else the task's own order."""
    if card.kind == "regression":
        targets = np.asarray([np.nan if value is None else _number(value, where, i) for i, value in enumerate(values)])
        # GLUE writes −1 for the hidden scores of a test split; no regression task of ours has negative targets there.
        return np.where((targets == -1.0).all(), np.nan, targets).astype(np.float64)
    positions = _label_positions(card, declared, where)
    labels = np.empty(len(values), dtype=np.int64)
    for i, value in enumerate(values):
        if value is None or value in (-1, "-1"):
            labels[i] = -1
            continue
        position = positions.get(str(value).strip().lower())
        if position is None:
            raise BadInputError(
                where=f"{where}, row {i}",
                expected=f"a label among {', '.join(card.labels)} (or its index)",
                found=repr(value),
                fix="correct the row, or the names under labels in the task file",
            )
        labels[i] = position
    return labels


def _label_positions(card: TaskCard, declared: list[str] | None, where: str) -> dict[str, int]:
    """How a label may be written in the data (index, name or alias) → its canonical index."""
    spelled = {name.lower(): i for i, name in enumerate(card.labels)}
    for name, aliases in card.label_aliases.items():
        spelled |= {alias.lower(): card.labels.index(name) for alias in aliases}
    names = [name.lower() for name in declared] if declared else [name.lower() for name in card.labels]
    if declared and len(declared) != len(card.labels):
        raise BadInputError(
            where=where,
            expected=f"{len(card.labels)} labels: {', '.join(card.labels)}",
            found=f"{len(declared)}: {', '.join(declared)}",
            fix="use the data the task file describes",
        )
    if declared and any(name not in spelled for name in names):
        names = [name.lower() for name in card.labels]  # the data's own names say nothing: indices are canonical
    return spelled | {str(index): spelled[name] for index, name in enumerate(names)}


def _number(value: Any, where: str, row: int) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise BadInputError(
            where=f"{where}, row {row}", expected="a number", found=repr(value), fix="correct the row"
        ) from None


def read_twins(columns: ColumnCard, rows: Rows, example_ids: list[str], where: str) -> tuple[str | None, ...] | None:
    """The other example of each one's minimal pair. Two examples name each other, or the column is wrong."""
    if columns.pairs is None:
        return None
    twins = [None if value in (None, "") else str(value) for value in _column(columns.pairs, rows)]
    named = dict(zip(example_ids, twins, strict=True))
    for example_id, twin in named.items():
        if twin is not None and (twin == example_id or named.get(twin) != example_id):
            raise BadInputError(
                where=f"{where}, column {columns.pairs}",
                expected="two examples of a minimal pair that name each other",
                found=f"{example_id!r} names {twin!r}, which names {named.get(twin)!r}"
                if twin in named
                else f"{example_id!r} names {twin!r}, which is no example of the split",
                fix="write the id of the other example into both rows, and nothing where there is none",
            )
    return tuple(twins)


def read_slices(card: TaskCard, rows: Rows, count: int, where: str) -> dict[str, NDArray[np.bool_]]:
    masks = {}
    for name, part in card.slices.items():
        values = _column(part.column, rows)
        mask = np.ones(count, dtype=bool)
        if part.equals is not None:
            mask &= np.asarray([str(value) == part.equals for value in values])
        if part.at_least is not None or part.below is not None:
            numbers = np.asarray([_number(value, f"{where}, slice {name}", i) for i, value in enumerate(values)])
            mask &= numbers >= part.at_least if part.at_least is not None else True
            mask &= numbers < part.below if part.below is not None else True
        masks[name] = mask
    return masks
