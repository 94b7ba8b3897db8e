"""Evaluate one student on one task: plan → probes → tables → metrics → record."""

from __future__ import annotations

import os
import platform
import resource
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import xkd_bench
from xkd_bench.engine.judge import Judgement, judge
from xkd_bench.engine.plan import Plan
from xkd_bench.errors import BadInputError
from xkd_bench.metrics import registry
from xkd_bench.metrics.tables import LabelTable
from xkd_bench.models.checkpoint import Checkpoint
from xkd_bench.models.classifier import LazyClassifier, time_side_by_side
from xkd_bench.probes.label_order import check_label_order
from xkd_bench.probes.predictions import PROBE_VERSION, library_versions, predictions
from xkd_bench.randomness import hash_order
from xkd_bench.records import canonical_json
from xkd_bench.records.examples_table import ExamplesTable, write_examples
from xkd_bench.records.files import disk_errors, whole_folder, write_whole
from xkd_bench.records.schema import (
    FileRecord,
    GateRecord,
    LineageRecord,
    ModelRecord,
    ProtocolRecord,
    RunRecord,
    ScoreRecord,
    SpeedRecord,
    TaskRecord,
    TaskResult,
)
from xkd_bench.records.store import Store
from xkd_bench.records.submission import file_hash, task_folder
from xkd_bench.tasks.loading import load

TIMED_EXAMPLES = 128
TIMED_ROUNDS = 3


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found, and where it was written (None where no output was asked for)."""

    result: TaskResult
    run: RunRecord
    folder: Path | None


def evaluate(plan: Plan, store: Store, output: Path | None, timing: bool | None = None) -> Evaluation:
    """Run what is not stored yet, score it, write `<output>/<suite>/<task>/`.

    timing: time both models side by side. None times them only where the teacher has to run anyway, so that a second
    student costs the teacher nothing.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    warnings = _check_orders(plan, store)
    table = _tables(plan, store)
    probes = {"student": plan.student.forwards, "teacher": plan.teacher.forwards if plan.teacher else 0}
    judgement = judge(
        table,
        registry.load_all(),
        plan.protocol.statistics.resamples,
        (str(plan.protocol.statistics.suite_seed), plan.examples.fingerprint),
    )
    speed, timed = _speed(plan, timing)
    run = _run_record(plan, started, time.perf_counter() - clock, probes, timed, speed)
    if output is None:
        return Evaluation(_result(plan, table, judgement, warnings, None), run, None)
    folder = output / task_folder(plan.task.name)
    with disk_errors(folder, "nothing half-written is left, and measurements stay in the store"):
        with whole_folder(folder) as temporary:
            write_examples(temporary / "examples.parquet", table)
            result = _result(plan, table, judgement, warnings, temporary / "examples.parquet")
            write_whole(temporary / "record.json", canonical_json.dumps(result.model_dump(mode="json")))
            write_whole(temporary / "run.json", canonical_json.dumps(run.model_dump(mode="json")))
        if not (output / "submission.toml").exists():
            write_whole(output / "submission.toml", _submission_toml(output, plan.lineage))
    return Evaluation(result, run, folder)


def _check_orders(plan: Plan, store: Store) -> tuple[str, ...]:
    """Check the label order of models whose label names say nothing, on training examples where there are any."""
    doubtful = [
        (role, model)
        for role, model in (("student", plan.student), ("teacher", plan.teacher))
        if model is not None and not model.order.named
    ]
    if not doubtful or plan.task.card.kind == "regression":
        return ()
    warnings: tuple[str, ...] = ()
    try:
        examples = load(plan.task, "train", plan.data_root)
    except BadInputError:
        examples = plan.examples
        warnings = ("label order was checked on the evaluation split: the training split could not be read",)
    for role, model in doubtful:
        check_label_order(model, examples, store, role)
    return warnings


def _tables(plan: Plan, store: Store) -> ExamplesTable:
    examples = plan.examples
    labels = LabelTable(
        plan.task.card.kind, examples.example_ids, examples.labels, plan.task.card.classes, examples.clusters
    )
    teacher = None
    if plan.teacher is not None:
        teacher = predictions(plan.teacher, examples, store, f"teacher on {plan.task.name}")
    student = predictions(plan.student, examples, store, f"student on {plan.task.name}")
    return ExamplesTable(labels, student, teacher, examples.slices)


def _speed(plan: Plan, timing: bool | None) -> tuple[SpeedRecord | None, dict[str, int]]:
    """Both models timed in turn on the same examples."""
    nothing = {"student": 0, "teacher": 0}
    wanted = timing if timing is not None else (plan.teacher is None or plan.teacher.loaded)
    if not wanted:
        note = "not timed: the teacher's predictions were in the store; --timing runs both side by side"
        return SpeedRecord(student=None, teacher=None, ratio=None, examples=0, rounds=0, note=note), nothing
    chosen = hash_order(plan.examples.example_ids, "timing")[:TIMED_EXAMPLES]
    inputs = [plan.examples.inputs[i] for i in chosen]
    models = [plan.student.get()] + ([plan.teacher.get()] if plan.teacher else [])
    rates = time_side_by_side(models, inputs, TIMED_ROUNDS)
    teacher_rate = rates[1] if plan.teacher else None
    forwards = (TIMED_ROUNDS + 1) * len(inputs)
    record = SpeedRecord(
        student=rates[0],
        teacher=teacher_rate,
        ratio=rates[0] / teacher_rate if teacher_rate else None,
        examples=len(inputs),
        rounds=TIMED_ROUNDS,
        note="examples a second, both models in turn in one process, median of the rounds",
    )
    return record, {"student": forwards, "teacher": forwards if plan.teacher else 0}


def _run_record(
    plan: Plan,
    started: datetime,
    seconds: float,
    probes: dict[str, int],
    timed: dict[str, int],
    speed: SpeedRecord | None,
) -> RunRecord:
    import torch

    runtime = plan.student.runtime
    asked = {"student": len(plan.examples), "teacher": len(plan.examples) if plan.teacher else 0}
    device = torch.cuda.get_device_name() if runtime.device == "cuda" else platform.processor() or platform.machine()
    return RunRecord(
        started=started.isoformat(timespec="seconds"),
        seconds=round(seconds, 3),
        forwards=probes,
        stored={role: max(0, asked[role] - probes[role]) for role in asked},
        timing_forwards=timed,
        peak_memory_bytes=_peak_memory(runtime.device),
        device=f"{runtime.device}: {device}",
        threads=torch.get_num_threads(),
        token_budget=runtime.tokens,
        speed=speed,
        machine={
            "system": platform.system(),
            "python": platform.python_version(),
            "cores": str(os.cpu_count()),
        },
    )


def _peak_memory(device: str) -> int:
    """Most bytes held at once: of the GPU where one is used, else of this process."""
    import torch

    if device == "cuda":
        return int(torch.cuda.max_memory_allocated())
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _model_record(checkpoint: Checkpoint) -> ModelRecord:
    return ModelRecord(
        hash=checkpoint.hash,
        architecture=checkpoint.architecture,
        parameters=checkpoint.parameters,
        bytes=checkpoint.bytes,
        blocks=checkpoint.blocks,
    )


def _track(plan: Plan, protocol_hash: str, teacher: LazyClassifier | None) -> str | None:
    if teacher is None:
        return None
    return canonical_json.content_hash(
        {"task": plan.examples.fingerprint, "teacher": teacher.checkpoint.hash, "protocol": protocol_hash}
    )


def _result(
    plan: Plan, table: ExamplesTable, judgement: Judgement, warnings: tuple[str, ...], examples: Path | None
) -> TaskResult:
    card, split = plan.task.card, plan.examples
    protocol_hash = canonical_json.content_hash(plan.protocol.model_dump(mode="json"))
    places = {"teacher_location": None, "task_location": None}
    lineage = plan.lineage.model_copy(update=places) if plan.lineage else None
    return TaskResult(
        task=TaskRecord(
            name=card.name,
            title=card.title,
            kind=card.kind,
            headline=card.headline,
            split=split.split,
            rows=len(split),
            fingerprint=split.fingerprint,
            pinned=split.split in card.data.fingerprints,
        ),
        protocol=ProtocolRecord(name=plan.protocol.name, version=plan.protocol.version, hash=protocol_hash),
        track=_track(plan, protocol_hash, plan.teacher),
        student=_model_record(plan.student.checkpoint),
        teacher=_model_record(plan.teacher.checkpoint) if plan.teacher else None,
        lineage=lineage,
        gate={role: GateRecord(**asdict(gate)) for role, gate in judgement.gate.items()},
        scores={name: ScoreRecord(**asdict(score)) for name, score in judgement.scores.items()},
        slices={
            part: {name: ScoreRecord(**asdict(score)) for name, score in scores.items()}
            for part, scores in judgement.slices.items()
        },
        warnings=(*warnings, *judgement.warnings),
        examples=FileRecord(
            name="examples.parquet",
            sha256=file_hash(examples) if examples else "sha256:" + "0" * 64,
            rows=len(split),
        ),
        provenance=_provenance(plan),
    )


def _provenance(plan: Plan) -> dict[str, Any]:
    return {
        "xkd_bench": xkd_bench.__version__,
        "libraries": library_versions() | {"numpy": np.__version__},
        "probes": {"predictions": PROBE_VERSION},
        "settings": {
            "dtype": plan.student.runtime.dtype,
            "inputs": plan.task.card.inputs.model_dump(),
            "labels": list(plan.task.card.labels),
            "statistics": plan.protocol.statistics.model_dump(),
        },
    }


def _submission_toml(output: Path, lineage: LineageRecord | None) -> str:
    """A first `submission.toml`; its author fills in the rest. Names are quoted as JSON, which TOML reads the same."""
    import json

    method = lineage.method if lineage else "unknown"
    return (
        f"schema_version = 1\nname = {json.dumps(output.resolve().name)}\nmethod = {json.dumps(method)}\n"
        'summary = ""\nauthors = []\ncitation = ""\n\n[links]\n'
    )
