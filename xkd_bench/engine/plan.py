"""What an evaluation will do, decided and checked before any weight is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xkd_bench.errors import BadInputError
from xkd_bench.metrics.registry import cards
from xkd_bench.models.checkpoint import Checkpoint, open_checkpoint
from xkd_bench.models.classifier import LazyClassifier, Runtime
from xkd_bench.models.fit import check_fit
from xkd_bench.records.lineage import read_lineage, resolved_location
from xkd_bench.records.reference_tables import of_one_teacher
from xkd_bench.records.schema import LineageRecord
from xkd_bench.tasks.examples import Examples
from xkd_bench.tasks.loading import load
from xkd_bench.tasks.protocols import Protocol, find_protocol
from xkd_bench.tasks.registry import Task, find_task

RANDOM_STUDENT_SEED = 0


@dataclass(frozen=True)
class Plan:
    """One student on one task: everything resolved, nothing run. The weights load when a probe first needs them.

    random_student: the student's config and tokenizer with random weights. retrained: the teacher trained again with
    other seeds; the ceiling of alignment. baseline: another student, over which this one's gain in alignment is told.
    grid: rows and columns of patches where they are known without the teacher, as a record says them.
    """

    task: Task
    protocol: Protocol
    examples: Examples
    student: LazyClassifier
    teacher: LazyClassifier | None
    random_student: LazyClassifier
    retrained: tuple[LazyClassifier, ...]
    baseline: LazyClassifier | None
    lineage: LineageRecord | None
    data_root: Path | None
    grid: tuple[int, int] | None = None

    def models(self) -> dict[str, LazyClassifier]:
        """The models by role, as far as there are any."""
        teacher = {"teacher": self.teacher} if self.teacher else {}
        again = {f"retrained_teacher_{i}": model for i, model in enumerate(self.retrained, 1)}
        other = {"baseline": self.baseline} if self.baseline else {}
        return {"student": self.student, **teacher, "random_student": self.random_student, **again, **other}

    def references(self) -> tuple[Path, ...]:
        """Folders of the models of which there are measurements and no weights."""
        known = [model.checkpoint.folder for model in self.models().values() if model.checkpoint.reference]
        return tuple(folder for one in known for folder in of_one_teacher(one))


def make_plan(
    student: str,
    task: str | None,
    teacher: str | None,
    protocol: str,
    runtime: Runtime,
    data_root: Path | None,
    retrained: Sequence[str] = (),
    baseline: str | None = None,
    *,
    alone: bool = False,
) -> Plan:
    """Resolve and check. Task and teacher left out are taken from the student's lineage; alone: the teacher is not.

    Raises `BadInputError` for anything that cannot be evaluated: the checks that read least come first.
    """
    frozen = find_protocol(protocol)
    chosen_task = find_task(task) if task else None
    student_checkpoint = open_checkpoint(student)
    lineage = read_lineage(student_checkpoint.folder)
    if chosen_task is None:
        if lineage is None:
            raise BadInputError(
                where=student,
                expected="--task, or a lineage.json beside the weights that names it",
                found="neither",
                fix="add --task (see `xkd-bench tasks list`)",
            )
        own = lineage.task_location
        chosen_task = find_task(resolved_location(own, student_checkpoint.folder) if own else lineage.task)
    card = chosen_task.card
    _check_scores(chosen_task)

    def classifier(checkpoint: Checkpoint, role: str, random_seed: int | None = None) -> LazyClassifier:
        return LazyClassifier(checkpoint, card, check_fit(checkpoint, card, role), runtime, random_seed)

    judged = classifier(student_checkpoint, "student")
    teacher_checkpoint = _teacher(teacher, None if alone else lineage, student_checkpoint)
    against = classifier(teacher_checkpoint, "teacher") if teacher_checkpoint else None
    again = [classifier(one, "retrained teacher") for one in _retrained(retrained, teacher_checkpoint)]
    other = _baseline(baseline, student_checkpoint, teacher_checkpoint)
    examples = load(chosen_task, "evaluation", data_root)
    hidden = np.isnan(examples.labels) if card.kind == "regression" else examples.labels < 0
    if hidden.any():
        raise BadInputError(
            where=f"{card.name}, split {examples.split}",
            expected="a label for every example",
            found=f"{int(hidden.sum())} of {len(examples)} hidden",
            fix="evaluate on a split with labels",
        )
    return Plan(
        task=chosen_task,
        protocol=frozen,
        examples=examples,
        student=judged,
        teacher=against,
        random_student=classifier(student_checkpoint, "student", RANDOM_STUDENT_SEED),
        retrained=tuple(again),
        baseline=classifier(other, "baseline") if other else None,
        lineage=lineage,
        data_root=data_root,
    )


def _check_scores(task: Task) -> None:
    """A task's headline and the scores beside it must be metrics that fit it."""
    known = cards()
    fitting = [name for name, metric in known.items() if task.card.kind in metric.kinds and metric.subject == "model"]
    for name in (task.card.headline, *task.card.beside):
        if name not in fitting or known[name].classes not in (None, task.card.classes):
            raise BadInputError(
                where=f"{task.path}, headline and beside",
                expected=f"scores for {task.card.classes} classes among {', '.join(fitting)}"
                if task.card.kind == "classification"
                else f"scores among {', '.join(fitting)}",
                found=repr(name),
                fix="correct the task file (`xkd-bench metrics list`)",
            )


def _retrained(named: Sequence[str], teacher: Checkpoint | None) -> list[Checkpoint]:
    """The retrained teachers: none twice, and none the teacher itself, which would be a ceiling of 1."""
    if named and teacher is None:
        raise BadInputError(
            where="--retrained-teacher", expected="a --teacher as well", found="none", fix="name the teacher"
        )
    found: list[Checkpoint] = []
    for location in named:
        checkpoint = open_checkpoint(location)
        assert teacher is not None
        if checkpoint.hash in {teacher.hash, *(other.hash for other in found)}:
            raise BadInputError(
                where=f"--retrained-teacher {location}",
                expected="the teacher trained again with another seed",
                found="the same weights as the teacher" if checkpoint.hash == teacher.hash else "one named twice",
                fix="train it with `xkd-bench distill finetune … --seed 1`",
            )
        found.append(checkpoint)
    return found


def _baseline(named: str | None, student: Checkpoint, teacher: Checkpoint | None) -> Checkpoint | None:
    """The student to be compared with: neither this one, over which it gains nothing, nor the teacher itself."""
    if named is None:
        return None
    if teacher is None:
        raise BadInputError(where="--baseline", expected="a --teacher as well", found="none", fix="name the teacher")
    found = open_checkpoint(named)
    for role, checkpoint in (("student", student), ("teacher", teacher)):
        if found.hash == checkpoint.hash:
            raise BadInputError(
                where=f"--baseline {named}",
                expected="another student of the same teacher",
                found=f"the same weights as the {role}",
                fix="name a student trained without what this one adds, e.g. with `distill vanilla_kd`",
            )
    return found


def _teacher(named: str | None, lineage: LineageRecord | None, student: Checkpoint) -> Checkpoint | None:
    """The teacher the user named, else the one of the lineage, whose hash must still be the same."""
    if named is not None:
        return open_checkpoint(named)
    if lineage is None or lineage.teacher is None:
        return None
    location = resolved_location(lineage.teacher_location or "", student.folder)
    try:
        found = open_checkpoint(location)
    except BadInputError as error:
        raise BadInputError(
            where=f"{student.folder}/lineage.json",
            expected=f"the teacher {lineage.teacher[:19]}… at {location}",
            found=error.found,
            fix="name the teacher with --teacher",
        ) from error
    if found.hash != lineage.teacher:
        raise BadInputError(
            where=f"{student.folder}/lineage.json",
            expected=f"the teacher it was distilled from, {lineage.teacher}",
            found=f"another checkpoint at {location}, {found.hash}",
            fix="name the teacher to judge against with --teacher",
        )
    return found
