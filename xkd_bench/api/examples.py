"""What a record's tables say of single examples, as DataFrames. Ids and numbers: the texts stand in the data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xkd_bench.api.frames import Kind, frame
from xkd_bench.errors import BadInputError
from xkd_bench.explainers.registry import in_reading_order
from xkd_bench.leaderboard.examples import words_by_id
from xkd_bench.metrics.contract import FloatArray
from xkd_bench.records.examples_table import read_examples
from xkd_bench.records.explanations_table import ABSENT, ROLES, STEPS, ExplanationsTable, Vectors, read_explanations
from xkd_bench.records.schema import TaskResult
from xkd_bench.tasks.loading import data_root as root_of
from xkd_bench.tasks.loading import load
from xkd_bench.tasks.registry import Task

if TYPE_CHECKING:
    from pandas import DataFrame

EXPLANATIONS: dict[str, Kind] = {
    "example_id": "text",
    "explainer": "text",
    "unit": "count",
    "teacher": "number",
    "student": "number",
    "punctuation": "flag",
    "reason": "text",
}


def answers(record: TaskResult, folder: Path) -> DataFrame:
    """Columns example_id, label, student and, with a teacher, teacher; one row an example.

    Of a classification the names of the classes (an answer is the class of the largest logit), of a regression numbers.
    Raises `BadInputError` for a table that is none of such a record.
    """
    regression = record.task.kind == "regression"
    table = read_examples(folder / "examples.parquet", record.task.kind, len(record.labels) or 1)
    found = {"label": table.labels.labels}
    for role, predicted in (("student", table.student), ("teacher", table.teacher)):
        if predicted is not None:
            found[role] = predicted.logits[:, 0] if regression else predicted.logits.argmax(axis=1)
    shown: list[list[Any]] = [list(table.labels.example_ids)]
    for values in found.values():
        shown.append(values.tolist() if regression else [record.labels[int(value)] for value in values])
    answer: Kind = "number" if regression else "text"
    return frame({"example_id": "text", **dict.fromkeys(found, answer)}, list(zip(*shown, strict=True)))


def attributions(record: TaskResult, folder: Path, words: Mapping[str, Sequence[str]] | None = None) -> DataFrame:
    """Columns example_id, explainer, unit, teacher, student, punctuation, reason and, with `words`, word; a row a unit.

    explainer: `lime`, or `lime.mask` with the second fill. unit: place of the word or patch among those of its example,
    from 0. teacher, student: each one's score, for the class the teacher predicts, rounded to what is stored (1/32,767
    of its example's largest), NaN where it did not see the unit. reason: why the scores of an example must not be used.
    words: id → the words of its units. Raises `BadInputError` where nothing was explained, or for a table that is none
    of such a record.
    """
    if record.explanations is None:
        raise BadInputError(
            where=str(folder),
            expected="a record with explanations",
            found="none in it",
            fix="evaluate with explanations=True against a teacher that passes its gate",
        )
    table = read_explanations(folder / record.explanations.table.name)
    rows = [row for key in in_reading_order(table.explainers) for row in _rows(table, key)]
    found = frame(EXPLANATIONS, rows)
    if words is None:
        return found
    named = [words[example_id][unit] for example_id, unit in zip(found["example_id"], found["unit"], strict=True)]
    return found.assign(word=frame({"word": "text"}, [(word,) for word in named])["word"])


def words_of(record: TaskResult, task: Task, data_root: Path | None) -> dict[str, tuple[str, ...]]:
    """id → the words of each example. Raises `BadInputError` for images, and for data that is not the record's."""
    if task.card.modality == "image":
        raise BadInputError(
            where=task.name, expected="a task of texts", found="images, whose units are patches", fix="leave words out"
        )
    examples = load(task, "evaluation", root_of(data_root))
    if examples.fingerprint != record.task.fingerprint:
        raise BadInputError(
            where=f"{task.name}, split {examples.split}",
            expected=f"the rows of the record, {record.task.fingerprint}",
            found=f"other rows, {examples.fingerprint}",
            fix="name the data it was measured on with data_root",
        )
    return words_by_id(examples)


def _rows(table: ExplanationsTable, key: str) -> Iterator[tuple[Any, ...]]:
    explainer = table.explainers[key]
    for place, example_id in enumerate(table.example_ids):
        teacher, student = (_scores(explainer.vectors[role], place).tolist() for role in ROLES)
        marks, reason = table.punctuation[place].tolist(), explainer.reasons[place]
        for unit, (one, other, mark) in enumerate(zip(teacher, student, marks, strict=True)):
            yield example_id, key, unit, one, other, mark, reason


def _scores(vectors: Vectors, place: int) -> FloatArray:
    """One example's scores, (n,): steps · scale / 32,767, NaN where the model saw no such unit."""
    steps = vectors.steps[place]
    return np.where(steps == ABSENT, np.nan, steps.astype(np.float64) * vectors.scale[place] / STEPS)
