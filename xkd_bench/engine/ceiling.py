"""A ceiling for records that were made before their teacher was trained again: no student is asked anything.

How well the teacher's reasons agree with a retrained teacher's depends on those two alone, so it is computed once for a
track and set beside the student's own numbers in every record's table of explanations; floor and scores stay.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from xkd_bench.engine.check import check_task
from xkd_bench.engine.committed_tables import examples_table, explained_table
from xkd_bench.engine.evaluate import measure
from xkd_bench.engine.explain import explain_retrained
from xkd_bench.engine.explanation_record import explanation_parts
from xkd_bench.engine.judge_explanations import judge_explanations
from xkd_bench.engine.plan import Plan, make_plan
from xkd_bench.errors import BadInputError
from xkd_bench.metrics.contract import FloatArray
from xkd_bench.metrics.tables import join
from xkd_bench.models.classifier import make_runtime
from xkd_bench.records import canonical_json
from xkd_bench.records.explanations_table import write_explanations
from xkd_bench.records.files import disk_errors, whole_folder, write_whole
from xkd_bench.records.findings import Findings
from xkd_bench.records.reference_tables import PREFIX, find_retrained
from xkd_bench.records.schema import Hash, TaskResult
from xkd_bench.records.store import Store
from xkd_bench.records.submission import TaskEntry, file_hash, read_submission


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


def give_ceiling(name: str, submissions: Path, data_root: Path | None, store: Store) -> Iterator[Path]:
    """Set the ceiling of all records below `submissions` that lack it: folder after folder, as it is written.

    name: of a kept teacher whose retrained ones are kept beside it. Raises `BadInputError` where there are none.
    """
    teacher, retrained = find_retrained(name)
    hashes = tuple(one.checkpoint for one in retrained)
    read = [read_submission(path.parent) for path in sorted(submissions.rglob("submission.toml"))]
    tracks: dict[tuple[str, str], list[TaskEntry]] = {}
    for entry in [entry for one in read for entry in one.tasks.values()]:
        if lacks_ceiling(entry.result, teacher.checkpoint, hashes):
            tracks.setdefault((entry.result.task.name, entry.result.protocol.name), []).append(entry)
    itself, again = PREFIX + name, [PREFIX + one.name for one in retrained]
    for (task, protocol), entries in sorted(tracks.items()):
        plan = make_plan(itself, task, itself, protocol, make_runtime("cpu"), data_root, again)
        made = measure_ceiling(plan, store)
        for entry in entries:
            set_ceiling(entry, made)
            yield entry.folder
