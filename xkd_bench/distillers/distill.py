"""From (teacher, untrained student, task) to a trained student: a folder with weights, tokenizer and lineage."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

import xkd_bench
from xkd_bench.distillers import registry
from xkd_bench.distillers.contract import Distiller, Objective
from xkd_bench.distillers.lesson import make_pair, make_pairing
from xkd_bench.distillers.pairing import Pairing, Shape, shape_of
from xkd_bench.distillers.processes import is_main, main_first
from xkd_bench.distillers.student import Start, make_start
from xkd_bench.distillers.training import Schedule, TrainingRows, train
from xkd_bench.errors import BadInputError
from xkd_bench.models.checkpoint import Checkpoint, open_checkpoint
from xkd_bench.models.classifier import LazyClassifier, Runtime
from xkd_bench.models.encoding import EncodedRows, make_encoder
from xkd_bench.models.fit import check_fit
from xkd_bench.models.loading import load_model, quiet_transformers, seeded
from xkd_bench.probes.label_order import check_label_order
from xkd_bench.probes.predictions import library_versions, predictions
from xkd_bench.progress import progress
from xkd_bench.randomness import hash_order, seed_of
from xkd_bench.records import canonical_json
from xkd_bench.records.files import disk_errors, whole_folder, write_whole
from xkd_bench.records.lineage import relative_location, write_lineage
from xkd_bench.records.schema import LineageRecord
from xkd_bench.records.store import Store
from xkd_bench.tasks.card import TaskCard
from xkd_bench.tasks.examples import Examples
from xkd_bench.tasks.loading import load
from xkd_bench.tasks.registry import Task, all_tasks


@dataclass(frozen=True)
class Order:
    """What `distill` is asked to make. Numbers left None come from the preset, else from the task's own schedule.

    house_schedule: take a preset's settings, but the task's schedule.
    """

    method: str
    task: Task
    student: str
    teacher: str | None
    output: Path
    layers: tuple[int, ...] | None = None
    train_rows: int | None = None
    seed: int = 0
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    settings: Mapping[str, Any] | None = None
    preset: str | None = None
    house_schedule: bool = False


def distill(order: Order, runtime: Runtime, store: Store, data_root: Path | None) -> Path:
    """Train and write `order.output`, whole or not at all. An interrupted run of the same order goes on where it was.

    Raises `BadInputError` for anything that does not fit, method and checkpoints first, before any data is loaded.
    """
    if order.output.exists() and not _replaceable(order.output):
        raise BadInputError(
            where=f"--output {order.output}",
            expected="a new folder, or one that `distill` made",
            found="a folder with other files in it",
            fix="name another folder",
        )
    card = order.task.card
    preset = registry.preset(order.method, order.preset, card.short_name)
    method = registry.load(order.method)
    settings = dict(preset.settings) | dict(order.settings or {})
    objective = method.objective_of(method.read_settings(settings))
    start_checkpoint = open_checkpoint(order.student)
    teacher = _teacher(order, method, objective, runtime)
    start = make_start(start_checkpoint, card, order.layers, order.seed, objective)
    watched = teacher.load(card) if teacher and teacher.watched else None
    pairing = _pairing(start, start_checkpoint, teacher, watched)
    with seeded(seed_of("method's own weights", order.method, order.seed)):
        distiller = method(card, settings, pairing)
    schedule = schedule_of(order, preset, runtime)
    examples = _training_examples(order, data_root)
    lineage = _lineage(order, distiller, start_checkpoint, teacher, examples, schedule)
    with disk_errors(order.output, "a run that is started again goes on from its last checkpoint"):
        with main_first(runtime.device):
            work = _work_folder(order.output, lineage, runtime)
        _train(order, distiller, start, watched, teacher, examples, schedule, runtime, store, work)
        with main_first(runtime.device):
            if is_main():
                _write(order, start, teacher, lineage, work)
    return order.output


def _write(order: Order, start: Start, teacher: _Teacher | None, lineage: LineageRecord, work: Path) -> None:
    """The finished student, whole or not at all."""
    with whole_folder(order.output) as folder:
        if hasattr(start.model.config, "use_cache"):
            start.model.config.use_cache = False  # it is for generating text, and what is in the file is in the hash
        with quiet_transformers():
            start.model.save_pretrained(str(folder))
        start.encoder.save(str(folder))
        shutil.copy(work / "training_log.jsonl", folder / "training_log.jsonl")
        write_lineage(folder, lineage.model_copy(update=_locations(order, teacher)))
    shutil.rmtree(work, ignore_errors=True)


def schedule_of(order: Order, preset: registry.Preset, runtime: Runtime) -> Schedule:
    """What the command line says, else the preset, else the task's own schedule."""
    usual = order.task.card.training
    said = {"epochs": order.epochs, "batch_size": order.batch_size, "learning_rate": order.learning_rate}
    theirs = {} if order.house_schedule else preset.training
    values = {**usual.model_dump(), **theirs, **{name: value for name, value in said.items() if value}}
    return Schedule(**values, bfloat16=runtime.dtype == "bfloat16", seed=order.seed)


def _replaceable(output: Path) -> bool:
    return output.is_dir() and (not any(output.iterdir()) or (output / "lineage.json").is_file())


@dataclass(frozen=True)
class _Teacher:
    """The teacher's checkpoint and, where it answers the task, its classifier; watched: whether a method needs more
    than its logits."""

    checkpoint: Checkpoint
    classifier: LazyClassifier | None
    watched: bool

    def load(self, card: TaskCard) -> Start:
        """The model with its encoder, for a method that watches it."""
        model = load_model(self.checkpoint, card, masked_lm=self.classifier is None)
        columns = list(self.classifier.order.columns) if self.classifier else None
        return Start(model, make_encoder(self.checkpoint, card, model), columns)

    def shape(self) -> Shape:
        """What its config says, without its weights."""
        from transformers import AutoConfig

        with quiet_transformers():
            config = AutoConfig.from_pretrained(
                str(self.checkpoint.folder), local_files_only=True, trust_remote_code=False
            )
        return shape_of(config, self.checkpoint.location)


def _pairing(start: Start, checkpoint: Checkpoint, teacher: _Teacher | None, watched: Start | None) -> Pairing:
    if teacher and watched:
        return make_pairing(start, watched, (checkpoint.location, teacher.checkpoint.location))
    return Pairing(shape_of(start.model.config, checkpoint.location), teacher.shape() if teacher else None)


def _teacher(order: Order, method: type[Distiller], objective: Objective, runtime: Runtime) -> _Teacher | None:
    if method.teacher == "none":
        return None
    if order.teacher is None:
        raise BadInputError(
            where="--teacher",
            expected=f"a teacher: {order.method} learns from one",
            found="none",
            fix="add --teacher FOLDER (`xkd-bench distill finetune` makes one)",
        )
    checkpoint = open_checkpoint(order.teacher)
    card, watched = order.task.card, method.teacher == "trace"
    if objective == "masked_lm":
        return _Teacher(checkpoint, None, watched)
    order_of_labels = check_fit(checkpoint, card, "teacher")
    return _Teacher(
        checkpoint, LazyClassifier(checkpoint, card, order_of_labels, Runtime(runtime.device, "float32")), watched
    )


def _training_examples(order: Order, data_root: Path | None) -> Examples:
    """The training split, or the `train_rows` examples that come first in an order given by a hash of the id."""
    examples = load(order.task, "train", data_root)
    known = ~np.isnan(examples.labels) if order.task.card.kind == "regression" else examples.labels >= 0
    if not known.all():
        examples = examples.take(np.flatnonzero(known).tolist())
    if order.train_rows is None or order.train_rows >= len(examples):
        return examples
    return examples.take(sorted(hash_order(examples.example_ids, "train rows")[: order.train_rows]))


def _lineage(
    order: Order,
    distiller: Distiller,
    start: Checkpoint,
    teacher: _Teacher | None,
    examples: Examples,
    schedule: Schedule,
) -> LineageRecord:
    declared = distiller.declares()
    return LineageRecord(
        method=order.method,
        task=order.task.name,
        train_split=examples.split,
        train_fingerprint=examples.fingerprint,
        train_rows=len(examples),
        seed=order.seed,
        student_start=start.hash,
        layers=order.layers,
        teacher=teacher.checkpoint.hash if teacher else None,
        settings=distiller.settings.model_dump(mode="json"),
        training={key: value for key, value in asdict(schedule).items() if key != "seed"},
        updates=schedule.updates(len(examples)),
        trained_on_explainers=declared.explainers,
        augmentation=declared.augmentation,
        masks_inputs=declared.masks_inputs,
        xkd_bench=xkd_bench.__version__,
        libraries=library_versions() | {"accelerate": version("accelerate")},
    )


def _locations(order: Order, teacher: _Teacher | None) -> dict[str, str | None]:
    """Where `evaluate` will find the teacher, and a task file that is not one of the registry."""
    own = all_tasks().get(order.task.name) != order.task
    return {
        "teacher_location": relative_location(order.teacher, order.output) if order.teacher and teacher else None,
        "task_location": relative_location(str(order.task.path), order.output) if own else None,
    }


def _work_folder(output: Path, lineage: LineageRecord, runtime: Runtime) -> Path:
    """Where a run keeps its checkpoints: beside the output. One of another order starts afresh."""
    work = output.with_name(f".{output.name}.training")
    order = canonical_json.dumps({"lineage": lineage.model_dump(mode="json"), "device": runtime.device})
    told = work / "order.json"
    if work.exists() and not (told.is_file() and told.read_text(encoding="utf-8") == order):
        shutil.rmtree(work)
    work.mkdir(parents=True, exist_ok=True)
    write_whole(told, order)
    return work


def _train(
    order: Order,
    distiller: Distiller,
    start: Start,
    watched: Start | None,
    teacher: _Teacher | None,
    examples: Examples,
    schedule: Schedule,
    runtime: Runtime,
    store: Store,
    work: Path,
) -> None:
    teacher_logits, teacher_rows = None, None
    classifier = teacher.classifier if teacher else None
    if classifier is not None:
        if classifier.checkpoint.reference:
            store = store.with_references([classifier.checkpoint.folder])
        check_label_order(classifier, examples, store, "teacher")
        if distiller.teacher == "logits":
            table = predictions(classifier, examples, store, "teacher on the training examples")
            teacher_logits = torch.tensor(table.logits, dtype=torch.float32)
    if watched is not None and not distiller.pairing.same_tokens:
        teacher_rows = EncodedRows(watched.encoder, examples.inputs)
    encoded = EncodedRows(start.encoder, examples.inputs)
    rows = TrainingRows(encoded, examples.labels, encoded.lengths, teacher_logits, teacher_rows)
    pair = make_pair(start, watched, teacher.checkpoint.location if teacher else "the teacher")
    if distiller.objective == "masked_lm" and pair.mask_id is None:
        raise BadInputError(
            where=order.student,
            expected="a tokenizer with a mask token",
            found="none",
            fix="take a masked-language model, or the method's form for the task",
        )
    pad_token_id = int(getattr(start.model.config, "pad_token_id", None) or 0)
    with progress(f"{order.method} on {order.task.name}", schedule.updates(len(rows)), "updates") as bar:
        train(distiller, pair, schedule, rows, work, runtime.device, pad_token_id, bar.advance)


def read_log(folder: Path) -> list[dict[str, float]]:
    """The training log of a checkpoint that `distill` made: a dict per line, update and the mean of each term."""
    lines = (folder / "training_log.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]
