"""From a task file to examples: rows from their source, columns in the task's terms, the pin, canonical order."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import numpy as np

from xkd_bench.errors import BadInputError
from xkd_bench.tasks.card import DataCard
from xkd_bench.tasks.columns import (
    check_columns,
    read_ids,
    read_inputs,
    read_joined,
    read_labels,
    read_slices,
    read_twins,
)
from xkd_bench.tasks.examples import Examples, fingerprint, id_order
from xkd_bench.tasks.registry import Task
from xkd_bench.tasks.sources import empty_split, read_rows

Role = Literal["train", "evaluation"]


def data_root(option: Path | None) -> Path | None:
    """The folder in the hub's layout: `--data-root`, else the environment's XKD_BENCH_DATA, else none."""
    if option is not None:
        return option
    return Path(os.environ["XKD_BENCH_DATA"]) if os.environ.get("XKD_BENCH_DATA") else None


def split_name(task: Task, role: Role) -> str:
    """Name of the split that plays a role; for own files the file's stem."""
    name = _split_in_file(task, role)
    return Path(name).stem if task.card.data.source == "files" else name


def _split_in_file(task: Task, role: Role) -> str:
    name = task.card.data.train if role == "train" else task.card.data.evaluation
    if name is None:
        raise BadInputError(
            where=str(task.path),
            expected="a train split ([data] train = …)",
            found="none",
            fix="name the training data in the task file",
        )
    return name


def load(task: Task, role: Role, root: Path | None = None) -> Examples:
    """The examples of a split, in canonical order, checked against the split's pin where it has one.

    Raises `BadInputError` for data that is missing, empty, lacks a column, holds an unknown label or a doubled id, or
    whose fingerprint differs from the pin.
    """
    name = split_name(task, role)
    rows, label_names = read_rows(task, _split_in_file(task, role), root)
    where = f"{task.name}, split {name}"
    columns = task.card.data.columns
    check_columns(columns, task.card, rows, where)
    count = len(next(iter(rows.values())))
    if count == 0:
        raise empty_split(where)
    example_ids = read_ids(columns, rows, count, where)
    inputs = read_inputs(task.card, rows, count, where)
    labels = read_labels(task.card, rows[columns.label], label_names, where)
    order = sorted(range(count), key=lambda i: id_order(example_ids[i]))
    clusters = None
    if columns.cluster:
        clusters = np.asarray(read_joined(columns.cluster, rows, count, "-"), dtype=object)
    found = fingerprint(task.card, example_ids, inputs, labels)
    _check_pin(task.card.data, name, found, where)
    examples = Examples(
        task=task.card,
        split=name,
        example_ids=tuple(example_ids),
        inputs=tuple(inputs),
        labels=labels,
        fingerprint=found,
        clusters=clusters,
        slices=read_slices(task.card, rows, count, where) if role == "evaluation" else {},
        twins=read_twins(columns, rows, example_ids, where),
    )
    return examples.take(order)


def _check_pin(data: DataCard, split: str, found: str, where: str) -> None:
    pinned = data.fingerprints.get(split)
    if pinned is not None and pinned != found:
        raise BadInputError(
            where=where,
            expected=f"the official rows, fingerprint {pinned}",
            found=f"other rows, fingerprint {found}",
            fix="fetch the split again; to use other data on purpose, describe it in a task file of your own",
        )
