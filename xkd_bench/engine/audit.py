"""Is a record what its checkpoint says? Run the student again and hold what it says against the committed tables.

An audit asks for every prediction, and for the reasons, the masked and the perturbed answers of a random sample; it
needs the student alone, since explained classes and the teacher's order of units stand in the tables. A reproduction
evaluates again from an empty store. Both run where the maintainer is: on another kind of machine numbers agree to a
tolerance, on the same kind to the bit.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import xkd_bench
from xkd_bench.engine.committed_tables import explained_table, masked_table, perturbed_table
from xkd_bench.engine.evaluate import evaluate
from xkd_bench.engine.explain import Explained, Measurement
from xkd_bench.engine.mask import mask
from xkd_bench.engine.perturb import perturb
from xkd_bench.engine.plan import Plan
from xkd_bench.engine.questions import image_facts, questions
from xkd_bench.errors import BadInputError
from xkd_bench.metrics.contract import FloatArray
from xkd_bench.models.batching import GPU_TOLERANCE
from xkd_bench.probes.predictions import library_versions, predictions
from xkd_bench.randomness import generator
from xkd_bench.records.audits import AuditRecord, ComparedRecord
from xkd_bench.records.examples_table import ExamplesTable, read_examples
from xkd_bench.records.explanations_table import (
    ABSENT,
    STEPS,
    ExplainerColumns,
    ExplanationsTable,
    Vectors,
    to_steps,
)
from xkd_bench.records.schema import TaskResult
from xkd_bench.records.store import Store
from xkd_bench.records.submission import TaskEntry, file_hash, parse
from xkd_bench.tasks.protocols import Protocol

SCORES_TOLERANCE = 0.01  # of an example's largest attribution, and of a share left after masking
IN_BFLOAT16 = 10  # times as much: such a model's answers carry three digits
MOST_BEYOND = 0.01  # share of numbers that may differ by more: ties that another machine breaks otherwise


@dataclass(frozen=True)
class Audit:
    """What was compared; passed: whether no table has more than `MOST_BEYOND` of its numbers beyond the tolerance."""

    record: AuditRecord

    @property
    def passed(self) -> bool:
        return all(one.beyond <= MOST_BEYOND * one.numbers for one in self.record.compared)


def audit(plan: Plan, entry: TaskEntry, examples: int, seed: int) -> Audit:
    """Run the student again: all predictions, and the rest for `examples` of them, drawn with `seed`."""
    check_checkpoint(plan, entry.result)
    table = committed_examples(entry)
    if entry.result.explanations is not None:
        plan = replace(plan, grid=entry.result.explanations.grid)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        compared = list(_compared(plan, entry, table, store, examples, seed))
    return Audit(_record(plan, entry, "audited", examples, seed, compared))


def reproduce(plan: Plan, entry: TaskEntry) -> Audit:
    """Evaluate again from an empty store, and compare everything.

    Raises `BadInputError` where the record rests on models that the plan does not have.
    """
    check_checkpoint(plan, entry.result)
    _check_companions(plan, entry.result)
    with tempfile.TemporaryDirectory() as folder:
        again = evaluate(
            plan,
            Store(Path(folder) / "store"),
            Path(folder) / "entry",
            timing=False,
            with_explanations=entry.result.explanations is not None,
            with_perturbations=entry.result.robustness is not None,
        )
        assert again.folder is not None
        same = file_hash(again.folder / "record.json") == file_hash(entry.folder / "record.json")
        other = replace(entry, folder=again.folder, result=parse(TaskResult, again.folder / "record.json"))
        compared = [
            ComparedRecord(what="bytes of record.json", numbers=1, equal=int(same), largest=0, tolerance=0, beyond=0),
            _scores(entry.result, other.result),
            *_same_tables(plan, entry, other),
        ]
    return Audit(_record(plan, entry, "reproduced", len(plan.examples), 0, compared))


def check_checkpoint(plan: Plan, result: TaskResult) -> None:
    """The models at hand are those of the record, and so are the rows."""
    given = plan.teacher.checkpoint.hash if plan.teacher else None
    recorded = result.teacher.hash if result.teacher else None
    for role, ours, theirs in (
        ("student", plan.student.checkpoint.hash, result.student.hash),
        ("teacher", given, recorded if given else None),
        ("data", plan.examples.fingerprint, result.task.fingerprint),
    ):
        if ours != theirs:
            raise BadInputError(
                where=f"the {role}",
                expected=f"that of the record, {theirs}",
                found=str(ours),
                fix="verify with what the record was made of",
            )


def committed_examples(entry: TaskEntry) -> ExamplesTable:
    classes = len(entry.result.provenance.get("settings", {}).get("labels") or []) or 1
    return read_examples(entry.folder / "examples.parquet", entry.result.task.kind, classes)


def _check_companions(plan: Plan, result: TaskResult) -> None:
    explained = result.explanations
    wanted = (explained.retrained_teachers, explained.baseline) if explained else ((), None)
    given = (
        tuple(model.checkpoint.hash for model in plan.retrained),
        plan.baseline.checkpoint.hash if plan.baseline else None,
    )
    if wanted != given or (result.teacher is None) != (plan.teacher is None):
        raise BadInputError(
            where="--full",
            expected=f"the record's companions: {len(wanted[0])} retrained teachers, "
            f"{'a' if wanted[1] else 'no'} baseline, {'a' if result.teacher else 'no'} teacher",
            found="others",
            fix="name them with --teacher, --retrained-teacher and --baseline, or use --audit, which needs none",
        )


def _record(
    plan: Plan, entry: TaskEntry, badge: Any, examples: int, seed: int, compared: Sequence[ComparedRecord]
) -> AuditRecord:
    return AuditRecord(
        record=file_hash(entry.folder / "record.json"),
        badge=badge,
        examples=examples,
        seed=seed,
        compared=tuple(compared),
        device=plan.student.runtime.device,
        libraries=library_versions() | {"numpy": np.__version__},
        xkd_bench=xkd_bench.__version__,
        date=datetime.now(UTC).date().isoformat(),
    )


def _compared(
    plan: Plan, entry: TaskEntry, table: ExamplesTable, store: Store, examples: int, seed: int
) -> Iterator[ComparedRecord]:
    loose = IN_BFLOAT16 if plan.student.runtime.dtype == "bfloat16" else 1
    again = predictions(plan.student, plan.examples, store, "student, all examples")
    largest = float(np.abs(table.student.logits).max()) or 1.0
    place = {example_id: row for row, example_id in enumerate(again.example_ids)}
    order = [place[one] for one in table.labels.example_ids]
    yield comparison("answers", table.student.logits / largest, again.logits[order] / largest, GPU_TOLERANCE * loose)
    protocol = plan.protocol
    explained = explained_table(entry, table)
    if explained is not None and table.teacher is not None:
        teacher = np.empty_like(table.teacher.logits)
        teacher[order] = table.teacher.logits
        rows = drawn(explained.example_ids, examples, seed)
        some = rows_of(explained, rows)
        found = _explained(plan, store, some.example_ids, teacher)
        for key, columns in some.explainers.items():
            yield _attributions(key, columns, found, SCORES_TOLERANCE * loose)
        yield from _masked(plan, entry, store, some, rows, teacher, SCORES_TOLERANCE * loose)
    yield from _perturbed(plan, entry, table, store, protocol, examples, seed)


def drawn(ids: Sequence[str], most: int, seed: int) -> list[int]:
    """Positions of a random sample, in order."""
    chosen = generator("audit", seed, len(ids)).permutation(len(ids))[:most]
    return sorted(int(row) for row in chosen)


def rows_of(table: ExplanationsTable, rows: Sequence[int]) -> ExplanationsTable:
    """The explanations of some examples, without what only scores need."""
    return ExplanationsTable(
        example_ids=tuple(table.example_ids[i] for i in rows),
        punctuation=tuple(table.punctuation[i] for i in rows),
        explainers={
            key: ExplainerColumns(
                vectors={
                    role: Vectors(tuple(one.steps[i] for i in rows), one.scale[list(rows)])
                    for role, one in columns.vectors.items()
                },
                reasons=tuple(columns.reasons[i] for i in rows),
            )
            for key, columns in table.explainers.items()
        },
        coalitions={},
    )


def _explained(plan: Plan, store: Store, ids: Sequence[str], teacher_logits: FloatArray) -> Explained:
    place = {example_id: row for row, example_id in enumerate(plan.examples.example_ids)}
    rows = [place[one] for one in ids]
    images = image_facts(plan)
    examples = plan.examples.take(rows)
    asked = questions(examples, teacher_logits[rows].argmax(axis=1), images)
    card, seed = plan.protocol.explanations, plan.protocol.statistics.suite_seed
    return Measurement(card, seed, store, examples, asked, images).of(plan.student, "student, sample")


def _attributions(key: str, columns: ExplainerColumns, found: Explained, tolerance: float) -> ComparedRecord:
    """An explainer's scores of the student, each as a share of its example's largest."""
    committed, measured = [], []
    vectors = columns.vectors["student"]
    for row, reason, again in zip(vectors.steps, columns.reasons, found.explanations[key], strict=True):
        seen = row != ABSENT
        if reason is None and again.reason is None and len(again.scores) == len(row):
            committed.append(row[seen] / STEPS)
            measured.append(to_steps(again.scores, again.covered)[0][seen] / STEPS)
    return comparison(
        f"explanations, {key}", np.concatenate(committed or [[]]), np.concatenate(measured or [[]]), tolerance
    )


def _masked(
    plan: Plan,
    entry: TaskEntry,
    store: Store,
    some: ExplanationsTable,
    rows: Sequence[int],
    teacher_logits: FloatArray,
    tolerance: float,
) -> Iterator[ComparedRecord]:
    committed = masked_table(entry, plan.protocol)
    again = mask(plan, store, some, teacher_logits, roles=("student",))
    if committed is None or again is None:
        return
    one, other = [], []
    for setting, explainers in again.found.items():
        for key, measured in explainers.items():
            for curve, values in measured.curves.items():
                one.append(committed.found[setting][key].curves[curve][list(rows)].ravel())
                other.append(values.ravel())
    yield comparison("masking", np.concatenate(one), np.concatenate(other), tolerance)


def _perturbed(
    plan: Plan, entry: TaskEntry, table: ExamplesTable, store: Store, protocol: Protocol, examples: int, seed: int
) -> Iterator[ComparedRecord]:
    committed = perturbed_table(entry, table, protocol)
    if committed is None:
        return
    place = {example_id: row for row, example_id in enumerate(plan.examples.example_ids)}
    rows = drawn(committed.example_ids, examples, seed)
    positions = [place[committed.example_ids[i]] for i in rows]
    plain = {one: row for row, one in enumerate(table.labels.example_ids)}
    order = [plain[one] for one in plan.examples.example_ids]
    student = replace(table.student, example_ids=plan.examples.example_ids, logits=table.student.logits[order])
    again = perturb(replace(plan, teacher=None), store, replace(table, student=student, teacher=None), positions)
    assert again is not None
    names = sorted(committed.perturbations)
    one = np.concatenate([committed.perturbations[name].answers["student"][rows].ravel() for name in names])
    other = np.concatenate([again.table.perturbations[name].answers["student"].ravel() for name in names])
    classes = table.labels.kind == "classification"
    tolerance = 0.0 if classes else GPU_TOLERANCE * (np.abs(one).max() or 1.0)
    yield comparison("perturbed answers", one.astype(np.float64), other.astype(np.float64), tolerance)


def comparison(what: str, one: FloatArray, other: FloatArray, tolerance: float) -> ComparedRecord:
    """Numbers side by side; two that are both absent (NaN) are equal, one absent is beyond any tolerance."""
    one, other = np.asarray(one, dtype=np.float64).ravel(), np.asarray(other, dtype=np.float64).ravel()
    absent = np.isnan(one) & np.isnan(other)
    difference = np.where(absent, 0.0, np.abs(one - other))
    known = difference[np.isfinite(difference)]
    return ComparedRecord(
        what=what,
        numbers=len(one),
        equal=int((difference == 0).sum()),
        largest=float(known.max(initial=0.0)),
        tolerance=float(tolerance),
        beyond=int((~(difference <= tolerance)).sum()),
    )


def _scores(one: TaskResult, other: TaskResult) -> ComparedRecord:
    """Values of all scores; one that is only in one record is absent in the other."""
    names = sorted({*one.scores, *other.scores})

    def values(result: TaskResult) -> FloatArray:
        found = [result.scores[name].value if name in result.scores else None for name in names]
        return np.array([np.nan if value is None else value for value in found])

    return comparison("scores", values(one), values(other), SCORES_TOLERANCE)


def _same_tables(plan: Plan, entry: TaskEntry, other: TaskEntry) -> Iterator[ComparedRecord]:
    table, again = committed_examples(entry), committed_examples(other)
    largest = float(np.abs(table.student.logits).max()) or 1.0
    loose = IN_BFLOAT16 if plan.student.runtime.dtype == "bfloat16" else 1
    yield comparison("answers", table.student.logits / largest, again.student.logits / largest, GPU_TOLERANCE * loose)
