"""A ceiling for records that were made before their teacher was trained again: no student is asked anything.

How well the teacher's reasons agree with a retrained teacher's depends on those two alone, so it is computed once for a
track and set beside the student's own numbers in every record's table of explanations; floor and scores stay.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace

from xkd_bench.engine.check import check_task
from xkd_bench.engine.committed_tables import examples_table, explained_table
from xkd_bench.engine.evaluate import measure
from xkd_bench.engine.explain import explain_retrained
from xkd_bench.engine.explanation_record import explanation_parts
from xkd_bench.engine.judge_explanations import judge_explanations
from xkd_bench.engine.plan import Plan
from xkd_bench.errors import BadInputError
from xkd_bench.metrics.contract import FloatArray
from xkd_bench.metrics.tables import join
from xkd_bench.records import canonical_json
from xkd_bench.records.explanations_table import write_explanations
from xkd_bench.records.files import disk_errors, whole_folder, write_whole
from xkd_bench.records.findings import Findings
from xkd_bench.records.schema import Hash, TaskResult
from xkd_bench.records.store import Store
from xkd_bench.records.submission import TaskEntry, file_hash


@dataclass(frozen=True)
class Ceiling:
    """A teacher's reasons beside those of its R retrained ones. columns: explainer → measure → (n, R)."""

    retrained: tuple[Hash, ...]
    example_ids: tuple[str, ...]
    columns: Mapping[str, Mapping[str, FloatArray]]


def lacks_ceiling(result: TaskResult, teacher: Hash, retrained: tuple[Hash, ...]) -> bool:
    """Whether a record explains something beside this teacher and rests on fewer retrained ones. One of themselves
    keeps what it has: it would be its own ceiling."""
    explained = result.explanations
    if explained is None or result.teacher is None or result.teacher.hash != teacher:
        return False
    return result.student.hash not in retrained and len(explained.retrained_teachers) < len(retrained)


def measure_ceiling(plan: Plan, store: Store) -> Ceiling:
    """plan: of the teacher judged against itself, with its retrained teachers. Kept tables need no weights."""
    store = store.with_references(plan.references())
    table = measure(plan, store)
    assert table.teacher is not None
    ids, columns = explain_retrained(plan, store, table.teacher.logits)
    return Ceiling(tuple(model.checkpoint.hash for model in plan.retrained), ids, columns)


def set_ceiling(entry: TaskEntry, ceiling: Ceiling) -> TaskResult:
    """Write a record again, with this ceiling: the bytes an evaluation with these retrained teachers gives.

    Raises `SubmissionError` for a record that is not in order, `BadInputError` where other examples were explained.
    """
    findings = Findings()
    check_task(entry, findings)
    if findings:
        raise findings[0].error()
    result, table = entry.result, examples_table(entry)
    explained = explained_table(entry, table)
    assert explained is not None
    assert result.explanations is not None
    assert table.teacher is not None
    if (explained.example_ids, set(explained.explainers)) != (ceiling.example_ids, set(ceiling.columns)):
        raise BadInputError(
            where=str(entry.folder),
            expected="explanations of the examples, and by the explainers, that the protocol asks for",
            found="others",
            fix="evaluate again",
        )
    columns = {key: replace(one, retrained=dict(ceiling.columns[key])) for key, one in explained.explainers.items()}
    explained = replace(explained, explainers=columns)
    statistics = result.provenance["settings"]["statistics"]
    seed_words = (str(statistics["suite_seed"]), result.task.fingerprint)
    pair = join(table.labels, table.student, table.teacher)
    alignment = judge_explanations(explained, pair, table.slices, statistics["resamples"], seed_words)
    with disk_errors(entry.folder, "the record stays as it was"), whole_folder(entry.folder) as temporary:
        shutil.copytree(entry.folder, temporary, dirs_exist_ok=True)
        write_explanations(temporary / "explanations.parquet", explained)
        file = result.explanations.table.model_copy(update={"sha256": file_hash(temporary / "explanations.parquet")})
        parts = {"table": file, "retrained_teachers": ceiling.retrained, **explanation_parts(alignment)}
        result = result.model_copy(update={"explanations": result.explanations.model_copy(update=parts)})
        write_whole(temporary / "record.json", canonical_json.dumps(result.model_dump(mode="json")))
    return result
