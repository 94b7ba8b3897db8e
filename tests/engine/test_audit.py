"""A maintainer runs a checkpoint again: what is true passes, what is made up does not, and badges follow from it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_tampered import TASK, record_of, rehash, small_plan, turned

from xkd_bench.engine.audit import _attributions, audit, comparison, drawn, reproduce
from xkd_bench.engine.evaluate import evaluate
from xkd_bench.engine.plan import Plan
from xkd_bench.errors import BadInputError
from xkd_bench.explainers.contract import Explanation
from xkd_bench.records.audits import audit_path, badge_of, read_audit, write_audit
from xkd_bench.records.explanations_table import read_explanations
from xkd_bench.records.findings import SubmissionError
from xkd_bench.records.store import Store
from xkd_bench.records.submission import TaskEntry, read_submission


@pytest.fixture(scope="module")
def written(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plan]:
    folder, plan = tmp_path_factory.mktemp("audited"), small_plan(models)
    evaluate(plan, Store(folder / "store"), folder / "submissions" / "entry", timing=False)
    return folder / "submissions", plan


def entry_of(submissions: Path) -> TaskEntry:
    return read_submission(submissions / "entry").tasks[TASK]


@pytest.fixture
def copy(written: tuple[Path, Plan], tmp_path: Path) -> Path:
    shutil.copytree(written[0], tmp_path / "submissions")
    return tmp_path / "submissions"


def test_a_true_record_passes_to_the_bit_without_its_teacher(written: tuple[Path, Plan]) -> None:
    submissions, plan = written
    found = audit(replace(plan, teacher=None), entry_of(submissions), examples=7, seed=3)
    assert found.passed
    compared = {one.what: one for one in found.record.compared}
    assert set(compared) == {
        "answers",
        "reasons of the student, lime",
        "reasons of the student, occlusion",
        "reasons of the student, random",
        "masking",
        "perturbed answers",
    }
    assert all(one.equal == one.numbers > 0 for one in compared.values())
    assert compared["perturbed answers"].numbers == 7 * 2 * 2, "examples × perturbations × draws"
    assert (found.record.badge, found.record.examples, found.record.seed) == ("audited", 7, 3)


def test_made_up_answers_and_reasons_do_not_pass(copy: Path, written: tuple[Path, Plan]) -> None:
    plan = written[1]
    path = record_of(copy / "entry")
    for name, part, column in (
        ("examples", None, "student_logits"),
        ("explanations", "explanations", "vector.student.lime"),
        ("perturbed", "robustness", "answer.char_replace.student"),
    ):
        table_path = path.with_name(f"{name}.parquet")
        found = pq.read_table(table_path)
        rows = found.column(column).to_pylist()
        changed = [turned([row])[0] for row in rows] if name != "perturbed" else [[1 - a for a in row] for row in rows]
        place, kind = found.column_names.index(column), found.schema.field(column).type
        pq.write_table(found.set_column(place, column, pa.array(changed, kind)), table_path, store_schema=False)
        rehash(copy / "entry", name, part)
    found = audit(plan, entry_of(copy), examples=7, seed=0)
    assert not found.passed
    beyond = {one.what for one in found.record.compared if one.beyond > 0.01 * one.numbers}
    assert {"answers", "reasons of the student, lime", "perturbed answers"} <= beyond
    assert "reasons of the student, occlusion" not in beyond


def test_made_up_reasons_of_the_teacher_do_not_pass_where_it_is_at_hand(copy: Path, written: tuple[Path, Plan]) -> None:
    """A student aligned with itself: the teacher's explanations replaced by the student's own."""
    plan, path = written[1], record_of(copy / "entry").with_name("explanations.parquet")
    assert audit(plan, entry_of(copy), examples=7, seed=0).passed
    found = pq.read_table(path)
    place = found.column_names.index("vector.teacher.lime")
    pq.write_table(
        found.set_column(place, "vector.teacher.lime", found.column("vector.student.lime")), path, store_schema=False
    )
    rehash(copy / "entry", "explanations", "explanations")
    told = audit(plan, entry_of(copy), examples=7, seed=0)
    assert not told.passed
    beyond = [one.what for one in told.record.compared if one.beyond > 0.01 * one.numbers]
    assert beyond[0] == "reasons of the teacher, lime"
    assert not [
        one for one in audit(replace(plan, teacher=None), entry_of(copy), 7, 0).record.compared if "teacher" in one.what
    ]


def test_an_explanation_with_another_number_of_units_agrees_nowhere(written: tuple[Path, Plan]) -> None:
    explained = read_explanations(record_of(written[0] / "entry").with_name("explanations.parquet"))
    columns = explained.explainers["lime"]
    longer = [
        Explanation(np.ones(len(row) + 1), np.ones(len(row) + 1, bool)) for row in columns.vectors["student"].steps
    ]
    for found in (longer, []):
        told = _attributions("lime", "student", columns, found, 0.01)
        assert told.beyond == told.numbers > 0


def test_a_reproduction_gives_the_same_bytes(written: tuple[Path, Plan]) -> None:
    submissions, plan = written
    found = reproduce(plan, entry_of(submissions))
    assert found.passed
    assert found.record.badge == "reproduced"
    assert all(one.equal == one.numbers for one in found.record.compared), "on one machine, to the bit"


def test_a_reproduction_needs_the_models_the_record_rests_on(written: tuple[Path, Plan]) -> None:
    submissions, plan = written
    with pytest.raises(BadInputError, match="companions"):
        reproduce(replace(plan, teacher=None), entry_of(submissions))


def test_another_checkpoint_is_no_evidence(written: tuple[Path, Plan], models: dict[str, Path]) -> None:
    submissions, plan = written
    other = small_plan({**models, "one": models["two"]})
    with pytest.raises(BadInputError, match="the student"):
        audit(replace(plan, student=other.student), entry_of(submissions), 3, 0)


def test_a_badge_follows_from_what_was_run_and_goes_when_the_record_changes(
    copy: Path, written: tuple[Path, Plan]
) -> None:
    assert badge_of(copy, "entry", entry_of(copy)) == "recorded"
    found = audit(written[1], entry_of(copy), 3, 0)
    path = write_audit(copy, "entry", TASK, found.record)
    assert path == audit_path(copy, "entry", TASK)
    assert read_audit(copy, "entry", entry_of(copy)) == found.record
    assert badge_of(copy, "entry", entry_of(copy)) == "audited"
    record = record_of(copy / "entry")
    record.write_text(record.read_text() + "\n")
    assert badge_of(copy, "entry", entry_of(copy)) == "recorded"
    path.write_text(json.dumps({"badge": "reproduced"}))
    with pytest.raises(SubmissionError, match="an audit"):
        badge_of(copy, "entry", entry_of(copy))


def test_the_sample_is_the_seeds_and_comparisons_count_what_is_absent() -> None:
    ids = [str(i) for i in range(100)]
    assert drawn(ids, 10, 1) == drawn(ids, 10, 1) != drawn(ids, 10, 2)
    assert drawn(ids, 1000, 1) == list(range(100))
    nan = np.nan
    found = comparison("x", np.array([1.0, nan, nan, 2.0, 5.0]), np.array([1.0, nan, 3.0, 2.5, 4.0]), 0.6)
    assert (found.numbers, found.equal, found.beyond, found.largest) == (5, 2, 2, 1.0)
