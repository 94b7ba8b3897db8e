"""Is a record what its checkpoint says? Run the student again and hold what it says against the committed tables.

An audit asks the student for every prediction, and for the reasons, the masked and the perturbed answers of a random
sample; explained classes and the teacher's order of units stand in the tables. Where there is a teacher, or its kept
measurements, its reasons for the same sample are held against the tables, too. A reproduction evaluates again from an
empty store. Both run where the maintainer is: on another kind of machine numbers agree to a
tolerance, on the same kind to the bit.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import xkd_bench
from xkd_bench.engine.committed_tables import explained_table, masked_table, perturbed_table
from xkd_bench.engine.evaluate import evaluate
from xkd_bench.engine.explain import Measurement
from xkd_bench.engine.mask import mask
from xkd_bench.engine.perturb import perturb
from xkd_bench.engine.plan import Plan
from xkd_bench.engine.questions import image_facts, questions
from xkd_bench.errors import BadInputError
from xkd_bench.explainers.contract import Explanation
from xkd_bench.metrics.contract import FloatArray
from xkd_bench.metrics.tables import PredictionTable
from xkd_bench.models.batching import GPU_TOLERANCE
from xkd_bench.models.classifier import LazyClassifier
from xkd_bench.probes.predictions import library_versions, predictions
from xkd_bench.randomness import generator
from xkd_bench.records.audits import AuditRecord, ComparedRecord
from xkd_bench.records.examples_table import ExamplesTable, read_examples
from xkd_bench.records.explanations_table import (
    ABSENT,
    STEPS,
    ExplainerColumns,
    ExplanationsTable,
    Role,
    Vectors,
    to_steps,
)
from xkd_bench.records.schema import TaskResult
from xkd_bench.records.store import Store
from xkd_bench.records.submission import TaskEntry, file_hash, parse

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
    """Evaluate again from an empty store; compare the record's bytes, every score and every answer.

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
            _answers(plan, committed_examples(entry), committed_examples(other).student),
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
    result = entry.result
    return read_examples(entry.folder / "examples.parquet", result.task.kind, len(result.labels) or 1)


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
    tolerance = SCORES_TOLERANCE * _looseness(plan)
    again = predictions(plan.student, plan.examples, store, "student, all examples")
    yield _answers(plan, table, again)
    place = {example_id: row for row, example_id in enumerate(again.example_ids)}
    order = [place[one] for one in table.labels.example_ids]
    explained = explained_table(entry, table)
    if explained is not None and table.teacher is not None:
        teacher = np.empty_like(table.teacher.logits)
        teacher[order] = table.teacher.logits
        rows = drawn(explained.example_ids, examples, seed)
        some = rows_of(explained, rows)
        found = _explained(plan, plan.student, store, some.example_ids, teacher)
        for key, columns in some.explainers.items():
            yield _attributions(key, "student", columns, found.get(key, []), tolerance)
        if plan.teacher is not None:
            # A reference teacher's measurements are those of all explained examples; any other is asked about the few.
            kept = bool(plan.teacher.checkpoint.reference)
            ids = explained.example_ids if kept else some.example_ids
            theirs = _explained(plan, plan.teacher, store.with_references(plan.references()), ids, teacher)
            for key, columns in some.explainers.items():
                own = theirs.get(key, [])
                asked = [own[row] for row in rows] if kept and own else own
                yield _attributions(key, "teacher", columns, asked, tolerance)
        yield from _masked(plan, entry, store, some, rows, teacher, tolerance)
    yield from _perturbed(plan, entry, table, store, examples, seed)


def _looseness(plan: Plan) -> int:
    return IN_BFLOAT16 if plan.student.runtime.dtype == "bfloat16" else 1


def _answers(plan: Plan, table: ExamplesTable, again: PredictionTable) -> ComparedRecord:
    """The student's logits, as shares of the largest."""
    place = {example_id: row for row, example_id in enumerate(again.example_ids)}
    order = [place[one] for one in table.labels.example_ids]
    largest = float(np.abs(table.student.logits).max()) or 1.0
    one, other = table.student.logits / largest, again.logits[order] / largest
    return comparison("answers", one, other, GPU_TOLERANCE * _looseness(plan))


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


def _explained(
    plan: Plan, model: LazyClassifier, store: Store, ids: Sequence[str], teacher_logits: FloatArray
) -> Mapping[str, Sequence[Explanation]]:
    place = {example_id: row for row, example_id in enumerate(plan.examples.example_ids)}
    rows = [place[one] for one in ids]
    images = image_facts(plan)
    examples = plan.examples.take(rows)
    asked = questions(examples, teacher_logits[rows].argmax(axis=1), images)
    card, seed = plan.protocol.explanations, plan.protocol.statistics.suite_seed
    who = "student, sample" if model is plan.student else "teacher, sample"
    return Measurement(card, seed, store, examples, asked, images).of(model, who).explanations


def _attributions(
    key: str, role: Role, columns: ExplainerColumns, found: Sequence[Explanation], tolerance: float
) -> ComparedRecord:
    """An explainer's scores of one model, each as a share of its example's largest; a unit that was not seen, and every
    unit of an example that this model could not explain, is absent. What has another number of units, or was never
    asked, agrees nowhere."""
    committed, measured = [np.empty(0)], [np.empty(0)]
    for place, row in enumerate(columns.vectors[role].steps):
        own = np.where(row == ABSENT, np.nan, row / STEPS)
        again = np.full(len(row), np.inf)
        if place < len(found) and len(found[place].scores) == len(row):
            one = found[place]
            steps = to_steps(one.scores, one.covered)[0]
            again = np.where(steps == ABSENT, np.nan, steps / STEPS)
            if one.reason is not None and columns.reasons[place] is not None:
                own = again = np.full(len(row), np.nan)
        committed.append(own)
        measured.append(again)
    return comparison(f"reasons of the {role}, {key}", np.concatenate(committed), np.concatenate(measured), tolerance)


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
    plan: Plan, entry: TaskEntry, table: ExamplesTable, store: Store, examples: int, seed: int
) -> Iterator[ComparedRecord]:
    committed = perturbed_table(entry, table, plan.protocol)
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
