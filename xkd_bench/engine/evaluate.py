"""Evaluate one student on one task: plan → probes → tables → metrics → record."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from xkd_bench.engine.explain import explain
from xkd_bench.engine.judge import Judgement, judge, judge_alignment, judge_faithfulness, judge_robustness
from xkd_bench.engine.judge_perturbed import PerturbedTask
from xkd_bench.engine.mask import mask
from xkd_bench.engine.perturb import perturb
from xkd_bench.engine.plan import Plan
from xkd_bench.engine.record import Cost, run_record, task_result
from xkd_bench.errors import BadInputError
from xkd_bench.metrics import registry
from xkd_bench.metrics.tables import LabelTable
from xkd_bench.probes.label_order import check_label_order
from xkd_bench.probes.predictions import predictions
from xkd_bench.probes.speed import measure_speed
from xkd_bench.records import canonical_json
from xkd_bench.records.examples_table import ExamplesTable, write_examples
from xkd_bench.records.explanations_table import write_explanations
from xkd_bench.records.files import disk_errors, whole_folder, write_whole
from xkd_bench.records.masking_table import write_masking
from xkd_bench.records.new_submission import Answers, submission_toml
from xkd_bench.records.perturbed_table import write_perturbed
from xkd_bench.records.schema import RunRecord, TaskResult
from xkd_bench.records.store import Store
from xkd_bench.records.submission import file_hash, task_folder
from xkd_bench.tasks.loading import load


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found, and where it was written (None where no output was asked for)."""

    result: TaskResult
    run: RunRecord
    folder: Path | None


def evaluate(
    plan: Plan,
    store: Store,
    output: Path | None,
    timing: bool | None = None,
    with_explanations: bool = True,
    with_perturbations: bool = True,
) -> Evaluation:
    """Run what is not stored yet, score it, write `<output>/<suite>/<task>/`.

    timing: time both models side by side; see `probes.speed`. with_explanations: also ask both models for their
    reasons, which takes most of the time. with_perturbations: also ask them about perturbed inputs.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    store = store.with_references(plan.references())
    warnings = _check_orders(plan, store)
    table = measure(plan, store)
    predicted = _forwards(plan)
    statistics = plan.protocol.statistics
    seed_words = (str(statistics.suite_seed), plan.examples.fingerprint)
    perturbed = perturb(plan, store, table) if with_perturbations else None
    judgement = judge(table, registry.prediction_metrics(), statistics.resamples, seed_words)
    explained = masked = None
    if with_explanations and _can_be_explained(judgement):
        assert table.teacher is not None
        explained = explain(plan, store, table.teacher.logits)
        masked = mask(plan, store, explained, table.teacher.logits)
    judgement = judge_alignment(judgement, table, explained, plan.protocol, seed_words)
    judgement = judge_faithfulness(judgement, table, masked, plan.protocol, seed_words)
    card = plan.task.card
    asked = PerturbedTask(card.headline, frozenset(card.label_changing))
    moved = perturbed.table if perturbed else None
    judgement = judge_robustness(judgement, table, moved, asked, plan.protocol, seed_words)
    forwards = _forwards(plan)
    speed = measure_speed(plan.student, plan.teacher, plan.examples, timing)
    run = run_record(plan, Cost(started, time.perf_counter() - clock, predicted, forwards, speed))
    if output is None:
        return Evaluation(task_result(plan, judgement, warnings, perturbed, {}), run, None)
    folder = output / task_folder(plan.task.name)
    with disk_errors(folder, "nothing half-written is left, and measurements stay in the store"):
        with whole_folder(folder) as temporary:
            write_examples(temporary / "examples.parquet", table)
            if explained is not None:
                write_explanations(temporary / "explanations.parquet", explained)
            if masked is not None:
                write_masking(temporary / "masking.parquet", masked)
            if perturbed is not None:
                write_perturbed(temporary / "perturbed.parquet", perturbed.table)
            hashes = {path.name: file_hash(path) for path in temporary.glob("*.parquet")}
            result = task_result(plan, judgement, warnings, perturbed, hashes)
            write_whole(temporary / "record.json", canonical_json.dumps(result.model_dump(mode="json")))
            write_whole(temporary / "run.json", canonical_json.dumps(run.model_dump(mode="json")))
        if not (output / "submission.toml").exists():
            method = plan.lineage.method if plan.lineage else "unknown"
            first = submission_toml(Answers(name=output.resolve().name, method=method))
            write_whole(output / "submission.toml", first)
    return Evaluation(result, run, folder)


def measure(plan: Plan, store: Store) -> ExamplesTable:
    """Run the probes: both models' predictions beside the labels, from the store where they are there."""
    examples, card = plan.examples, plan.task.card
    shared = examples.clusters, examples.twins
    labels = LabelTable(card.kind, examples.example_ids, examples.labels, card.classes, *shared)
    teacher = None
    if plan.teacher is not None:
        teacher = predictions(plan.teacher, examples, store, f"teacher on {plan.task.name}")
    student = predictions(plan.student, examples, store, f"student on {plan.task.name}")
    return ExamplesTable(labels, student, teacher, examples.slices)


def _forwards(plan: Plan) -> dict[str, int]:
    """Examples each model was asked so far; those beside student and teacher only where they were asked at all."""
    counts = {role: model.forwards for role, model in plan.models().items()}
    return {"teacher": 0} | {role: n for role, n in counts.items() if n or role in ("student", "teacher")}


def _can_be_explained(judgement: Judgement) -> bool:
    """Whether there is a teacher whose reasons are worth comparing with."""
    teacher = judgement.gate.get("teacher")
    return teacher is not None and teacher.status == "valid"


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
