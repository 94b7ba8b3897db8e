"""One job: made by the functions that `distill`, `reference keep` and `evaluate` call."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from xkd_bench.distillers.distill import distill
from xkd_bench.engine.evaluate import evaluate, measure
from xkd_bench.engine.explain import explain
from xkd_bench.engine.mask import mask
from xkd_bench.engine.perturb import perturb
from xkd_bench.engine.plan import Plan, make_plan
from xkd_bench.errors import BadInputError
from xkd_bench.models.checkpoint import Checkpoint, open_checkpoint
from xkd_bench.models.checkpoint_files import PROCESSOR_FILES, TOKENIZER_FILES
from xkd_bench.models.classifier import Runtime
from xkd_bench.records.files import disk_errors, whole_folder, write_whole
from xkd_bench.records.lineage import read_lineage
from xkd_bench.records.new_submission import Answers, submission_toml
from xkd_bench.records.reference_tables import keep
from xkd_bench.records.schema import TaskResult
from xkd_bench.records.store import Store
from xkd_bench.records.submission import parse, task_folder
from xkd_bench.reference.jobs import Job, Kind
from xkd_bench.reference.ledger import Ledger
from xkd_bench.reference.rounded import write_rounded
from xkd_bench.reference.schedule import Recipe
from xkd_bench.reference.starts import write_untrained
from xkd_bench.tasks.registry import find_task


@dataclass(frozen=True)
class Place:
    """Where a worker works. locations: checkpoint → folder or hub id of starts that exist."""

    work: Path
    store: Path
    output: Path
    data_root: Path | None
    device: Literal["cpu", "cuda"]
    locations: dict[str, str]

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.work)


def do(job: Job, place: Place, made: dict[str, Any]) -> None:
    """Make what the job makes, and say in `made` what it took. What an earlier attempt left is gone on from.

    Raises `BadInputError` for what cannot be made, whoever tries.
    """
    clock = time.perf_counter()
    MAKE[job.kind](job, place, made)
    with disk_errors(place.output, "what was made is kept in the work folder"):
        publish(job, place)
    made["seconds"] = round(time.perf_counter() - clock, 3)
    made["device"] = place.device


def publish(job: Job, place: Place) -> None:
    """Copy a finished job's tables or record to where everyone looks for them; what is there stays."""
    result = place.ledger.result(job.digest)
    if job.kind == "keep":
        _copy(result, place.output / "teachers" / job.recipe["name"])
    elif job.kind == "evaluate":
        entry = place.output / job.identity["entry"]
        inside = task_folder(job.task)
        _copy(result / inside, entry / inside)
        if not (entry / "submission.toml").exists():
            write_whole(entry / "submission.toml", submission_toml(_answers(job)))


def _answers(job: Job) -> Answers:
    said = job.recipe["answers"]
    return Answers(said["name"], said["method"], said["summary"], tuple(said["authors"]))


def _copy(source: Path, target: Path) -> None:
    if not target.exists():
        with whole_folder(target) as temporary:
            shutil.copytree(source, temporary, dirs_exist_ok=True)


def _start(job: Job, place: Place, made: dict[str, Any]) -> None:
    folder, identity = place.ledger.result(job.digest), job.identity
    if not folder.exists():
        with disk_errors(folder, "nothing half-written is left"):
            write_untrained(folder, find_task(job.recipe["task"]).card, identity["config"], identity["image"])
    made["checkpoint"] = open_checkpoint(str(folder)).hash


def _train(job: Job, place: Place, made: dict[str, Any]) -> None:
    """The folder appears whole; a training that was killed goes on from its last checkpoint."""
    recipe = Recipe(**job.recipe["recipe"])
    output, ledger = place.ledger.result(job.digest), place.ledger
    if not output.exists():
        start, teacher = job.needs.get("start"), job.needs.get("teacher")
        student = str(ledger.result(start)) if start else _located(job, place)
        order = recipe.order(student, str(ledger.result(teacher)) if teacher else None, output)
        runtime = Runtime(place.device, "bfloat16" if recipe.dtype == "bfloat16" else "float32")
        distill(order, runtime, Store(place.store), place.data_root)
    lineage = read_lineage(output)
    assert lineage is not None
    _check_data(job, place, lineage.train_fingerprint)
    made |= {"checkpoint": open_checkpoint(str(output)).hash, "updates": lineage.updates}


def _round(job: Job, place: Place, made: dict[str, Any]) -> None:
    folder = place.ledger.result(job.digest)
    teacher = open_checkpoint(str(place.ledger.result(job.needs["teacher"])))
    if not folder.exists():
        lineage = read_lineage(teacher.folder)
        assert lineage is not None
        with disk_errors(folder, "nothing half-written is left"):
            write_rounded(folder, teacher, find_task(job.recipe["task"]).card, lineage)
    made["checkpoint"] = open_checkpoint(str(folder)).hash


def _located(job: Job, place: Place) -> str:
    start = job.identity["start"]
    found = place.locations.get(start.get("checkpoint", ""))
    if found is None:
        raise BadInputError(
            where=job.title,
            expected=f"the checkpoint {start} it starts from",
            found="none here",
            fix="start the suite here with `xkd-bench reference run`, with --encoder where it takes one",
        )
    return found


def _check_data(job: Job, place: Place, found: str) -> None:
    """Own rows may have changed since they were looked at: then this is another job's result."""
    if found != job.identity["data"]:
        raise BadInputError(
            where=job.title,
            expected=f"the rows with fingerprint {job.identity['data']}",
            found=f"others, {found}",
            fix=f"remove {place.work / 'data'} and {place.ledger.folder(job.digest)}, and start again",
        )


def _keep(job: Job, place: Place, made: dict[str, Any]) -> None:
    """Measured into a store of its own, so that nothing else that was asked of the teacher is in its tables."""
    folder, ledger = place.ledger.result(job.digest), place.ledger
    checkpoint = open_checkpoint(str(ledger.result(job.needs["checkpoint"])))
    own = ledger.folder(job.digest) / "store"
    if not folder.exists():
        name = job.recipe["teacher"]
        is_teacher = name == job.recipe["name"]
        judged = checkpoint.location if is_teacher else str(place.output / "teachers" / name)
        plan = _without_drawn(_plan(job, place, checkpoint.location, judged))
        _check_data(job, place, plan.examples.fingerprint)
        _measure(plan, Store(own).with_references(plan.references()), with_robustness=is_teacher)
        made["forwards"] = sum(model.forwards for model in plan.models().values())
        keep(
            own,
            checkpoint.hash,
            job.recipe["name"],
            checkpoint.parameters,
            checkpoint.bytes,
            _beside(checkpoint),
            folder,
        )
    shutil.rmtree(own, ignore_errors=True)
    made["checkpoint"] = checkpoint.hash


def _plan(job: Job, place: Place, student: str, teacher: str, **more: Any) -> Plan:
    runtime, protocol = Runtime(place.device), job.recipe["protocol"]
    return make_plan(student, job.recipe["task"], teacher, protocol, runtime, place.data_root, **more)


def _without_drawn(plan: Plan) -> Plan:
    """The plan without a student of random weights, of which a teacher's tables hold nothing."""
    card = plan.protocol.explanations.model_copy(update={"random_student_examples": 0})
    return replace(plan, protocol=plan.protocol.model_copy(update={"explanations": card}))


def _measure(plan: Plan, store: Store, with_robustness: bool) -> None:
    """Everything a student's evaluation will ask of this model."""
    table = measure(plan, store)
    assert table.teacher is not None
    explained = explain(plan, store, table.teacher.logits)
    if with_robustness:
        mask(plan, store, explained, table.teacher.logits)
        perturb(plan, store, table)


def _beside(checkpoint: Checkpoint) -> list[Path]:
    files = [checkpoint.folder / part for part in ("config.json", *TOKENIZER_FILES, *PROCESSOR_FILES)]
    return [path for path in files if path.is_file()]


def _evaluate(job: Job, place: Place, made: dict[str, Any]) -> None:
    output, ledger = place.ledger.result(job.digest), place.ledger
    record = output / task_folder(job.task) / "record.json"
    if not record.is_file():
        teacher, *again = (str(place.output / "teachers" / name) for name in job.recipe["tables"])
        baseline = job.needs.get("baseline")
        other = str(ledger.result(baseline)) if baseline else None
        plan = _plan(job, place, str(ledger.result(job.needs["student"])), teacher, retrained=again, baseline=other)
        found = evaluate(plan, Store(place.store), output, timing=False)
        made["forwards"] = sum(found.run.forwards.values())
    result = parse(TaskResult, record)
    _check_data(job, place, result.task.fingerprint)
    made |= {"checkpoint": result.student.hash, "track": result.track}


MAKE: dict[Kind, Callable[[Job, Place, dict[str, Any]], None]] = {
    "start": _start,
    "train": _train,
    "round": _round,
    "keep": _keep,
    "evaluate": _evaluate,
}
