"""Tables keyed by example id, and the one place where they are joined."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xkd_bench.errors import ExampleIdError, NonFiniteError
from xkd_bench.metrics.contract import FloatArray, ModelView, PairView, TaskKind


@dataclass(frozen=True)
class PredictionTable:
    """What one model said: logits (n, C) in the task's class order, one row per example id."""

    example_ids: tuple[str, ...]
    logits: FloatArray

    def in_order_of(self, example_ids: tuple[str, ...], whose: str) -> PredictionTable:
        """The same rows in the order of `example_ids`. A missing, doubled or unknown id is an error."""
        check_same_ids(example_ids, self.example_ids, whose)
        if self.example_ids == example_ids:
            return self
        position = {example_id: row for row, example_id in enumerate(self.example_ids)}
        return PredictionTable(example_ids, self.logits[[position[example_id] for example_id in example_ids]])


@dataclass(frozen=True)
class LabelTable:
    """What the task says of its examples, by id: labels, what they share (`clusters`), and who their `twins` are."""

    kind: TaskKind
    example_ids: tuple[str, ...]
    labels: NDArray[Any]
    classes: int
    clusters: NDArray[Any] | None = None
    twins: tuple[str | None, ...] | None = None


def check_same_ids(expected: tuple[str, ...], found: tuple[str, ...], whose: str) -> None:
    """Raise `ExampleIdError` unless `found` holds each id of `expected` exactly once and no other."""
    doubled = [example_id for example_id, count in Counter(found).items() if count > 1]
    missing = sorted(set(expected) - set(found))
    unknown = sorted(set(found) - set(expected))
    for what, ids in (("doubled", doubled), ("missing", missing), ("unknown", unknown)):
        if ids:
            raise ExampleIdError(
                where=whose,
                expected=f"each of the {len(expected)} example ids of the split exactly once",
                found=f"{len(ids)} {what}: {', '.join(ids[:5])}{' …' if len(ids) > 5 else ''}",
                fix="score the predictions of this very split; rows belong together by id, never by position",
            )


def model_view(labels: LabelTable, predictions: PredictionTable, whose: str) -> ModelView:
    """Labels and logits side by side. The rows must already be in the same order: `join` brings them there.

    Raises `ExampleIdError` naming the first id that is out of place, `NonFiniteError` for NaN or infinite logits.
    """
    for row, (expected, found) in enumerate(zip(labels.example_ids, predictions.example_ids, strict=False)):
        if expected != found:
            raise ExampleIdError(
                where=f"{whose}, row {row}",
                expected=f"example id {expected!r}",
                found=f"example id {found!r}",
                fix="join the tables by example id (metrics.tables.join) instead of pairing rows by position",
            )
    check_same_ids(labels.example_ids, predictions.example_ids, whose)
    bad = np.asarray(~np.isfinite(predictions.logits).all(axis=1))
    if bad.any():
        first = labels.example_ids[int(bad.argmax())]
        raise NonFiniteError(
            where=whose,
            expected="finite logits for every example",
            found=f"NaN or infinity for {int(bad.sum())} of {len(bad)} examples, the first being id {first!r}",
            fix="check the checkpoint's weights and try --dtype float32",
        )
    return ModelView(
        kind=labels.kind,
        example_ids=labels.example_ids,
        labels=labels.labels,
        logits=np.asarray(predictions.logits, dtype=np.float64),
        classes=labels.classes,
        clusters=labels.clusters,
        twins=labels.twins,
    )


def join(labels: LabelTable, student: PredictionTable, teacher: PredictionTable) -> PairView:
    """Student, teacher and labels joined by example id, in the order of the labels."""
    ids = labels.example_ids
    return PairView(
        student=model_view(labels, student.in_order_of(ids, "student predictions"), "student predictions"),
        teacher=model_view(labels, teacher.in_order_of(ids, "teacher predictions"), "teacher predictions"),
    )
