"""What `distill` is asked for, in the words of the command line and of `xkd_bench.distill` alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xkd_bench.distillers.distill import Order, distill
from xkd_bench.errors import BadInputError
from xkd_bench.models.classifier import make_runtime
from xkd_bench.records.store import Store, default_store
from xkd_bench.tasks.loading import data_root as root_of
from xkd_bench.tasks.registry import find_task


@dataclass(frozen=True)
class Request:
    """A student to train, everything as it was typed. None: the preset's, the task's or the machine's own.

    layers: blocks of the start to keep, counted from 1. schedule: `preset` or `task`, whose epochs, batch and rate to
    train by where a preset has its own.
    """

    method: str
    task: str
    student: str
    output: Path
    teacher: str | None = None
    layers: tuple[int, ...] | None = None
    train_rows: int | None = None
    seed: int = 0
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    settings: Mapping[str, Any] | None = None
    preset: str | None = None
    schedule: str = "preset"
    data_root: Path | None = None
    store: Path | None = None
    device: str = "auto"
    dtype: str = "float32"


def fulfil(request: Request) -> Path:
    """Train and give the student's folder. Raises `BadInputError` for anything that does not fit."""
    order = Order(
        method=request.method,
        task=find_task(request.task),
        student=request.student,
        teacher=request.teacher,
        output=request.output,
        layers=request.layers,
        train_rows=request.train_rows,
        seed=request.seed,
        epochs=request.epochs,
        batch_size=request.batch_size,
        learning_rate=request.learning_rate,
        settings=request.settings or {},
        preset=request.preset,
        house_schedule=_is_house(request.schedule),
    )
    runtime = make_runtime(request.device, request.dtype)
    return distill(order, runtime, Store(request.store or default_store()), root_of(request.data_root))


def _is_house(schedule: str) -> bool:
    if schedule not in ("preset", "task"):
        raise BadInputError(where="--schedule", expected="preset or task", found=repr(schedule), fix="choose one")
    return schedule == "task"
