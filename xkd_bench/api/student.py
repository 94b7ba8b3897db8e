"""`xkd_bench.distill`: train a student, or a first teacher, by a method's name."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xkd_bench.api.arguments import Place, at_least, optional_path, optional_text
from xkd_bench.api.shown import ShowsItself
from xkd_bench.errors import BadInputError
from xkd_bench.records.lineage import read_lineage
from xkd_bench.records.schema import LineageRecord

if TYPE_CHECKING:
    from pandas import DataFrame

    from xkd_bench.api.evaluation import Evaluation
    from xkd_bench.terminal.tables import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Student(ShowsItself):
    """A checkpoint that `distill` made. folder: weights, tokenizer and training log. lineage: how it was made."""

    folder: Path
    lineage: LineageRecord

    @classmethod
    def read(cls, folder: Place) -> Student:
        """A student that was trained before. Raises `BadInputError` for a folder that `distill` did not make."""
        lineage = read_lineage(Path(folder))
        if lineage is None:
            raise BadInputError(
                where=os.fspath(folder),
                expected="a checkpoint with lineage.json, as `distill` writes it",
                found="none",
                fix="check the path; other checkpoints can be evaluated as they are",
            )
        return cls(Path(folder), lineage)

    def evaluate(self, **options: Any) -> Evaluation:
        """`xkd_bench.evaluate` of this student; task and teacher stand in its lineage."""
        from xkd_bench.api.evaluation import evaluate

        return evaluate(self.folder, **options)

    def to_pandas(self) -> DataFrame:
        """The training log: a row every few updates, with the mean of each term of the loss since the row before.

        Columns: update, stage for a method of several, and the terms; NaN where a stage has no such term.
        """
        import pandas as pd

        from xkd_bench.distillers.distill import read_log

        return pd.DataFrame(read_log(self.folder))

    def __fspath__(self) -> str:
        return str(self.folder)

    def __repr__(self) -> str:
        made = self.lineage
        return f"<Student by {made.method} of {made.task!r}, {made.updates} updates, seed {made.seed}: {self.folder}>"

    def _view(self) -> list[Shown]:
        from xkd_bench.terminal.student import student_view

        return student_view(self.lineage.method, self.folder)


def distill(
    method: str,
    *,
    task: Place,
    student: Place,
    output: Place,
    teacher: Place | None = None,
    layers: str | Sequence[int] | None = None,
    train_rows: int | None = None,
    seed: int = 0,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    settings: Mapping[str, Any] | None = None,
    preset: str | None = None,
    schedule: str = "preset",
    data_root: Place | None = None,
    store: Place | None = None,
    device: str = "auto",
    dtype: str = "float32",
) -> Student:
    """Train a student and write it with its lineage: `xkd-bench distill` with the same options and defaults.

    method: see `xkd-bench distillers list`. task: a task's name, or a .toml of your own. student: where the student
    starts, teacher: what it learns from; model folders, hub ids, or what `distill` gave. output: folder for the trained
    student. layers: blocks of the start to keep, counted from 1. train_rows: examples to train on, chosen by a hash of
    the id. seed: head, order of examples and dropout follow from it. epochs, batch_size, learning_rate: None takes the
    task's schedule. settings: of the method, by name. preset: a method's, such as paper. schedule: preset or task,
    whose epochs, batch and rate where a preset has its own. data_root, store, device, dtype: as in `evaluate`.

    Progress goes to standard error; a call that was interrupted goes on when it is made again. Raises `BadInputError`
    for anything that does not fit, before any data is loaded.
    """
    from xkd_bench.distillers.request import Request, fulfil
    from xkd_bench.distillers.student import read_layers

    at_least(1, train_rows=train_rows, epochs=epochs, batch_size=batch_size)
    request = Request(
        method=method,
        task=os.fspath(task),
        student=os.fspath(student),
        output=Path(output),
        teacher=optional_text(teacher),
        layers=read_layers(layers) if isinstance(layers, str) else tuple(layers) if layers is not None else None,
        train_rows=train_rows,
        seed=seed,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        settings=settings,
        preset=preset,
        schedule=schedule,
        data_root=optional_path(data_root),
        store=optional_path(store),
        device=device,
        dtype=dtype,
    )
    return Student.read(fulfil(request))
