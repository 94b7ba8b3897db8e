"""Lessons on the demo tasks for the tests of single methods: teacher, student and batches made on the spot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from xkd_bench.distillers import registry
from xkd_bench.distillers.contract import Distiller
from xkd_bench.distillers.lesson import Lesson, Moment, make_pair, make_pairing
from xkd_bench.distillers.pairing import Pairing, read_alike
from xkd_bench.distillers.student import Start, make_start
from xkd_bench.distillers.training import TrainingRows, collate
from xkd_bench.models.checkpoint import open_checkpoint
from xkd_bench.models.encoding import EncodedRows
from xkd_bench.models.trace import prepare
from xkd_bench.tasks.loading import load
from xkd_bench.tasks.registry import find_task

UPDATES = 100


def start_of(folder: Path, task: str, layers: Sequence[int] | None = None, masked_lm: bool = False) -> Start:
    objective = "masked_lm" if masked_lm else "task"
    return make_start(
        open_checkpoint(str(folder)), find_task(task).card, tuple(layers) if layers else None, 0, objective
    )


def unrelated(start: Start) -> Start:
    """The same architecture with weights of its own."""
    torch.manual_seed(1)
    for parameter in start.model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.05)
    return start


def pairing_of(student: Start, teacher: Start) -> Pairing:
    return make_pairing(student, teacher)


def method_of(name: str, task: str, pairing: Pairing, settings: Mapping[str, Any] | None = None) -> Distiller:
    torch.manual_seed(0)
    return registry.load(name)(find_task(task).card, settings or {}, pairing)


def lesson_of(
    name: str, task: str, student: Start, teacher: Start, settings: Mapping[str, Any] | None = None
) -> Lesson:
    """A lesson in eval mode, so that two forwards are equal; teacher logits are looked up by position."""
    method = method_of(name, task, pairing_of(student, teacher), settings)
    teacher.model.eval().requires_grad_(False)
    for model in (student.model, teacher.model):
        prepare(model, method.watch)
    return Lesson(method, make_pair(student, teacher), UPDATES, 0, False, None).eval()


def batch_of(task: str, student: Start, teacher: Start, rows: int = 8, first: int = 0) -> dict[str, Any]:
    """Examples of the training split, with the teacher's own rows where it reads other tokens."""
    card = find_task(task).card
    examples = load(find_task(task), "train", None).take(list(range(first, first + rows)))
    theirs = None
    if not read_alike(student.encoder, teacher.encoder, (student.model.config, teacher.model.config)):
        theirs = EncodedRows(teacher.encoder, examples.inputs)
    encoded = EncodedRows(student.encoder, examples.inputs)
    data = TrainingRows(encoded, np.asarray(examples.labels), encoded.lengths, None, theirs)
    return collate([data[i] for i in range(rows)], 0, card.kind == "regression")


def look_up_teacher(lesson: Lesson, teacher: Start, batch: dict[str, Any]) -> None:
    """Fill in what a method that only needs logits looks up."""
    if lesson.distiller.teacher != "logits":
        return
    names = ("input_ids", "attention_mask", "token_type_ids", "pixel_values")
    own = {name: batch.get("teacher_" + name, batch.get(name)) for name in names if name in batch}
    with torch.no_grad():
        logits = teacher.model(**own).logits[:, teacher.columns]
    found = torch.zeros(int(batch["position"].max()) + 1, logits.shape[1])
    found[batch["position"]] = logits
    lesson.teacher_logits = found


def terms_of(lesson: Lesson, batch: dict[str, Any], update: int = 0) -> dict[str, torch.Tensor]:
    return lesson(batch, Moment(update, 0.0, 3))[0]
