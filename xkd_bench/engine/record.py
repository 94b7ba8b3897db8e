"""What an evaluation writes down: the deterministic record, and the cost of the run."""

from __future__ import annotations

import os
import platform
import resource
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel

import xkd_bench
from xkd_bench.engine.explanation_record import explanation_parts, score_records
from xkd_bench.engine.judge import Judgement
from xkd_bench.engine.judge_explanations import AlignmentJudgement
from xkd_bench.engine.judge_masking import FaithfulnessJudgement
from xkd_bench.engine.judge_perturbed import RobustnessJudgement
from xkd_bench.engine.masking_record import faithfulness_parts
from xkd_bench.engine.perturb import Perturbed
from xkd_bench.engine.perturbed_record import robustness_parts
from xkd_bench.engine.plan import Plan
from xkd_bench.engine.questions import grid_of_plan
from xkd_bench.models.checkpoint import Checkpoint
from xkd_bench.probes import coalitions, explanations, masking
from xkd_bench.probes.perturbed import PROBE_VERSION as PERTURBED_VERSION
from xkd_bench.probes.predictions import PROBE_VERSION, library_versions
from xkd_bench.probes.speed import Speed
from xkd_bench.records import canonical_json
from xkd_bench.records.schema import (
    ExplanationsRecord,
    FaithfulnessRecord,
    FileRecord,
    GateRecord,
    ModelRecord,
    ProtocolRecord,
    RobustnessRecord,
    RunRecord,
    TaskRecord,
    TaskResult,
)

NOT_WRITTEN = "sha256:" + "0" * 64


@dataclass(frozen=True)
class Cost:
    """What a run cost. predicted: examples each model predicted; forwards: all that probes asked it, timing apart."""

    started: datetime
    seconds: float
    predicted: dict[str, int]
    forwards: dict[str, int]
    speed: Speed


def task_result(
    plan: Plan,
    judgement: Judgement,
    warnings: tuple[str, ...],
    perturbed: Perturbed | None,
    hashes: Mapping[str, str],
) -> TaskResult:
    """The content of `record.json`: equal for two runs of the same thing on one kind of machine, to the byte.

    hashes: of the tables beside it, by file name.
    """
    protocol_hash = canonical_json.content_hash(plan.protocol.model_dump(mode="json"))
    places = {"teacher_location": None, "task_location": None}
    return TaskResult(
        task=_task_record(plan),
        protocol=ProtocolRecord(name=plan.protocol.name, version=plan.protocol.version, hash=protocol_hash),
        track=track_of(
            plan.examples.fingerprint, plan.teacher.checkpoint.hash if plan.teacher else None, protocol_hash
        ),
        student=_model_record(plan.student.checkpoint),
        teacher=_model_record(plan.teacher.checkpoint) if plan.teacher else None,
        lineage=plan.lineage.model_copy(update=places) if plan.lineage else None,
        gate={role: GateRecord(**asdict(gate)) for role, gate in judgement.gate.items()},
        scores=score_records(judgement.scores),
        slices={part: score_records(scores) for part, scores in judgement.slices.items()},
        explanations=_explanations(plan, judgement.alignment, hashes) if judgement.alignment else None,
        faithfulness=_faithfulness(plan, judgement.faithfulness, hashes) if judgement.faithfulness else None,
        robustness=_robustness(plan, judgement.robustness, perturbed, hashes),
        warnings=(*warnings, *judgement.warnings),
        examples=_file("examples.parquet", len(plan.examples), hashes),
        provenance=_provenance(plan),
    )


def _file(name: str, rows: int, hashes: Mapping[str, str]) -> FileRecord:
    return FileRecord(name=name, sha256=hashes.get(name, NOT_WRITTEN), rows=rows)


def _explanations(plan: Plan, alignment: AlignmentJudgement, hashes: Mapping[str, str]) -> ExplanationsRecord:
    card = plan.protocol.explanations
    examples = min(card.examples or len(plan.examples), len(plan.examples))
    return ExplanationsRecord(
        table=_file("explanations.parquet", examples, hashes),
        retrained_teachers=tuple(model.checkpoint.hash for model in plan.retrained),
        baseline=plan.baseline.checkpoint.hash if plan.baseline else None,
        random_student_examples=min(card.random_student_examples, examples),
        grid=grid_of_plan(plan),
        **explanation_parts(alignment),
    )


def _faithfulness(plan: Plan, judgement: FaithfulnessJudgement, hashes: Mapping[str, str]) -> FaithfulnessRecord:
    card = plan.protocol.masking
    assert card is not None
    examples = min(plan.protocol.explanations.examples or len(plan.examples), len(plan.examples))
    return FaithfulnessRecord(
        table=_file("masking.parquet", examples, hashes), levels=(0, *card.levels), **faithfulness_parts(judgement)
    )


def _robustness(
    plan: Plan, judgement: RobustnessJudgement | None, perturbed: Perturbed | None, hashes: Mapping[str, str]
) -> RobustnessRecord | None:
    card = plan.protocol.perturbations
    if card is None or judgement is None or perturbed is None:
        return None
    return RobustnessRecord(
        table=_file("perturbed.parquet", len(perturbed.table.example_ids), hashes),
        strength=card.strength,
        draws=card.draws,
        **robustness_parts(perturbed.table, judgement, perturbed.digests),
    )


def _task_record(plan: Plan) -> TaskRecord:
    card, examples = plan.task.card, plan.examples
    return TaskRecord(
        name=card.name,
        title=card.title,
        kind=card.kind,
        headline=card.headline,
        split=examples.split,
        rows=len(examples),
        fingerprint=examples.fingerprint,
        pinned=examples.split in card.data.fingerprints,
    )


def _model_record(checkpoint: Checkpoint) -> ModelRecord:
    return ModelRecord(
        hash=checkpoint.hash,
        architecture=checkpoint.architecture,
        parameters=checkpoint.parameters,
        bytes=checkpoint.bytes,
        blocks=checkpoint.blocks,
    )


def track_of(task_fingerprint: str, teacher: str | None, protocol_hash: str) -> str | None:
    """What rows must share to be ranked together; None without a teacher."""
    if teacher is None:
        return None
    return canonical_json.content_hash({"task": task_fingerprint, "teacher": teacher, "protocol": protocol_hash})


def _provenance(plan: Plan) -> dict[str, Any]:
    return {
        "xkd_bench": xkd_bench.__version__,
        "libraries": library_versions() | {"numpy": np.__version__},
        "probes": {
            "predictions": PROBE_VERSION,
            "coalitions": coalitions.PROBE_VERSION,
            "explanations": explanations.PROBE_VERSION,
            "masking": masking.PROBE_VERSION,
            "perturbed": PERTURBED_VERSION,
        },
        "settings": {
            "dtype": plan.student.runtime.dtype,
            "inputs": plan.task.card.inputs.model_dump(),
            "labels": list(plan.task.card.labels),
            "statistics": plan.protocol.statistics.model_dump(),
            "explanations": plan.protocol.explanations.model_dump(mode="json"),
            "masking": _dumped(plan.protocol.masking),
            "perturbations": _dumped(plan.protocol.perturbations),
        },
    }


def _dumped(card: BaseModel | None) -> dict[str, Any] | None:
    return None if card is None else card.model_dump(mode="json")


def run_record(plan: Plan, cost: Cost) -> RunRecord:
    """The content of `run.json`: cost and device, which differ between two runs of the same thing."""
    runtime = plan.student.runtime
    asked = {"student": len(plan.examples), "teacher": len(plan.examples) if plan.teacher else 0}
    return RunRecord(
        started=cost.started.isoformat(timespec="seconds"),
        seconds=round(cost.seconds, 3),
        forwards=cost.forwards,
        stored={role: max(0, asked[role] - cost.predicted.get(role, 0)) for role in asked},
        timing_forwards=cost.speed.forwards,
        peak_memory_bytes=_peak_memory(runtime.device),
        device=f"{runtime.device}: {torch.cuda.get_device_name() if runtime.device == 'cuda' else _processor()}",
        threads=torch.get_num_threads(),
        token_budget=runtime.tokens,
        speed=cost.speed.record,
        machine={"system": platform.system(), "python": platform.python_version(), "cores": str(os.cpu_count())},
    )


def _processor() -> str:
    """The processor's name where the system tells it, else its architecture."""
    told = Path("/proc/cpuinfo")
    if told.is_file():
        for line in told.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _peak_memory(device: str) -> int:
    """Most bytes held at once: of the GPU where one is used, else of this process."""
    if device == "cuda":
        return int(torch.cuda.max_memory_allocated())
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
