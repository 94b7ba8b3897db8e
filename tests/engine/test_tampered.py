"""A good submission with one thing changed: each change is refused, with its own code."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xkd_bench.engine.check import check_submission
from xkd_bench.engine.evaluate import evaluate
from xkd_bench.engine.plan import Plan, make_plan
from xkd_bench.engine.record import track_of
from xkd_bench.models.classifier import Runtime
from xkd_bench.records import table_files
from xkd_bench.records.findings import CODES
from xkd_bench.records.store import Store
from xkd_bench.records.submission import file_hash

ROOT = Path(__file__).resolve().parents[2]

TASK = "demo/grammar"
Edit = Callable[[Path], None]


def small_plan(models: dict[str, Path]) -> Plan:
    """`quick` with few examples, few explainers and two perturbations."""
    plan = make_plan(str(models["one"]), TASK, str(models["teacher"]), "quick", Runtime("cpu"), None)
    card = plan.protocol.explanations
    assert card.coalitions is not None
    assert plan.protocol.perturbations is not None
    explained = card.model_copy(
        update={
            "explainers": ("lime", "occlusion", "random"),
            "examples": 24,
            "random_student_examples": 5,
            "coalitions": card.coalitions.model_copy(update={"all_up_to": 32, "sample": 32, "per_unit": 4}),
        }
    )
    perturbed = plan.protocol.perturbations.model_copy(
        update={"text": ("char_replace", "word_swap"), "draws": 2, "examples": 20}
    )
    statistics = plan.protocol.statistics.model_copy(update={"resamples": 100})
    changes = {"explanations": explained, "perturbations": perturbed, "statistics": statistics}
    return replace(plan, protocol=plan.protocol.model_copy(update=changes))


@pytest.fixture(scope="module")
def written(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plan]:
    folder = tmp_path_factory.mktemp("tampered")
    plan = small_plan(models)
    evaluate(plan, Store(folder / "store"), folder / "entry", timing=False)
    return folder / "entry", plan


@pytest.fixture
def good(written: tuple[Path, Plan], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy to change. Its protocol is this test's own."""
    entry, plan = written
    monkeypatch.setattr("xkd_bench.engine.check.read_protocol", lambda name: plan.protocol)
    shutil.copytree(entry, tmp_path / "entry")
    return tmp_path / "entry"


def record_of(entry: Path) -> Path:
    return entry / "demo" / "grammar" / "record.json"


def edited(change: Callable[[dict[str, Any]], None]) -> Edit:
    """The record with something changed in its JSON."""

    def edit(entry: Path) -> None:
        path = record_of(entry)
        value = json.loads(path.read_text())
        change(value)
        path.write_text(json.dumps(value))

    return edit


def at(*keys: str, to: Any) -> Edit:
    """The field at `keys` set to a value."""

    def change(value: dict[str, Any]) -> None:
        for key in keys[:-1]:
            value = value[key]
        value[keys[-1]] = to

    return edited(change)


def without(*keys: str) -> Edit:
    def change(value: dict[str, Any]) -> None:
        for key in keys[:-1]:
            value = value[key]
        del value[keys[-1]]

    return edited(change)


def text(name: str, change: Callable[[str], str]) -> Edit:
    """A text file changed as text."""

    def edit(entry: Path) -> None:
        path = entry / name
        path.write_text(change(path.read_text()))

    return edit


def table(name: str, change: Callable[[pa.Table], pa.Table]) -> Edit:
    """A table changed, and its new hash put into the record: nothing but the numbers can give it away."""
    part = {"examples": None, "explanations": "explanations", "masking": "faithfulness", "perturbed": "robustness"}

    def edit(entry: Path) -> None:
        path = record_of(entry).with_name(f"{name}.parquet")
        pq.write_table(change(pq.read_table(path)), path, store_schema=False)
        rehash(entry, name, part[name])

    return edit


def rehash(entry: Path, name: str, part: str | None) -> None:
    path = record_of(entry)
    value = json.loads(path.read_text())
    file = value["examples"] if part is None else value[part]["table"]
    file["sha256"] = file_hash(path.with_name(f"{name}.parquet"))
    path.write_text(json.dumps(value))


def column(name: str, change: Callable[[list[Any]], list[Any]]) -> Callable[[pa.Table], pa.Table]:
    def changed(found: pa.Table) -> pa.Table:
        place, kind = found.column_names.index(name), found.schema.field(name).type
        return found.set_column(place, name, pa.array(change(found.column(name).to_pylist()), kind))

    return changed


def swapped(values: list[Any]) -> list[Any]:
    """Two rows that differ, exchanged."""
    other = next(place for place, value in enumerate(values) if value != values[0])
    values[0], values[other] = values[other], values[0]
    return values


def turned(rows: list[Any]) -> list[Any]:
    return [[-step for step in rows[0]], *rows[1:]]


def write(name: str, content: bytes) -> Edit:
    def edit(entry: Path) -> None:
        (entry / name).parent.mkdir(parents=True, exist_ok=True)
        (entry / name).write_bytes(content)

    return edit


def garbage(entry: Path) -> None:
    record_of(entry).with_name("masking.parquet").write_bytes(b"PAR1 not a table PAR1")
    rehash(entry, "masking", "faithfulness")


def sparse(entry: Path) -> None:
    with record_of(entry).with_name("examples.parquet").open("r+b") as file:
        file.truncate(5 * 10**9)


def flipped(entry: Path) -> None:
    path = record_of(entry).with_name("masking.parquet")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def linked_file(entry: Path) -> None:
    path = record_of(entry)
    path.rename(entry.parent / "elsewhere.json")
    path.symlink_to(entry.parent / "elsewhere.json")


def linked_folder(entry: Path) -> None:
    (entry / "demo").rename(entry.parent / "elsewhere")
    (entry / "demo").symlink_to(entry.parent / "elsewhere")


def renamed(entry: Path) -> None:
    (entry / "demo").rename(entry / "de mo<b>")


def noted(entry: Path) -> None:
    path = record_of(entry).with_name("explanations.parquet")
    found = pq.read_table(path)
    with pq.ParquetWriter(path, found.schema, store_schema=False) as writer:
        writer.write_table(found)
        writer.add_key_value_metadata({"sentences": "the cat sat"})
    rehash(entry, "explanations", "explanations")


def twice(found: pa.Table) -> pa.Table:
    return column("example_id", lambda ids: [ids[0], ids[0], *ids[2:]])(found)


def other_teacher(value: dict[str, Any]) -> None:
    value["teacher"]["hash"] = "sha256:" + "7" * 64


RECORD = "demo/grammar/record.json"
MATRIX: list[tuple[str, str, Edit]] = [
    ("no submission.toml", "missing-file", lambda entry: (entry / "submission.toml").unlink()),
    ("no record", "empty", lambda entry: shutil.rmtree(entry / "demo")),
    ("a file of another kind", "odd-file", write("README.md", b"hello")),
    ("weights beside the record", "odd-file", write("demo/grammar/model.safetensors", b"0")),
    ("a program beside the record", "odd-file", write("demo/grammar/setup.py", b"print()")),
    ("a folder inside a task's", "odd-file", write("demo/grammar/more/record.json", b"{}")),
    ("a record at the top", "odd-file", write("record.json", b"{}")),
    ("a pipe", "odd-file", lambda entry: os.mkfifo(entry / "demo" / "grammar" / "run.pipe")),
    ("a hidden folder", "odd-name", write(".git/config", b"")),
    ("a task's folder with odd characters", "odd-name", renamed),
    ("a symbolic link for the record", "link", linked_file),
    ("a symbolic link for a folder", "link", linked_folder),
    ("a link out of the folder", "link", lambda entry: (entry / "demo" / "passwd").symlink_to("/etc/passwd")),
    ("a table of five gigabytes", "too-large", sparse),
    ("a record of five megabytes", "too-large", text(RECORD, lambda found: found + " " * 5_000_000)),
    ("a path that climbs out", "wrong-file", at("examples", "name", to="../../../other/examples.parquet")),
    ("a task name that climbs out", "wrong-folder", at("task", "name", to="../../outside")),
    ("another task's record", "wrong-folder", at("task", "name", to="glue/cola")),
    ("a script tag in the name", "unsafe-text", text("submission.toml", lambda f: f.replace("entry", "<script>x"))),
    (
        "a name that turns the reading direction",
        "unsafe-text",
        text("submission.toml", lambda f: f.replace('"entry"', '"ab\\u202Ecd"')),
    ),
    (
        "a summary that steers the terminal",
        "unsafe-text",
        text("submission.toml", lambda f: f.replace('summary = ""', 'summary = "\\u001B[2J"')),
    ),
    ("a control character in a warning", "unsafe-text", at("warnings", to=["\x07bell"])),
    ("NaN", "not-finite", at("scores", "accuracy", "value", to=float("nan"))),
    ("infinity", "not-finite", at("scores", "kl_divergence", "high", to=float("inf"))),
    ("invalid UTF-8", "not-utf8", lambda entry: record_of(entry).write_bytes(b'{"task": "\xff"}')),
    ("no JSON", "bad-syntax", text(RECORD, lambda found: found[:-40])),
    ("JSON of ten thousand brackets", "bad-syntax", text(RECORD, lambda found: "[" * 10_000 + "]" * 10_000)),
    (
        "a number of ten thousand digits",
        "bad-syntax",
        text(RECORD, lambda f: '{"schema_version": ' + "9" * 10000 + "}"),
    ),
    ("no TOML", "bad-syntax", text("submission.toml", lambda found: found + "\n[links")),
    ("a key twice", "repeated-key", text(RECORD, lambda found: found.replace("{", '{"track": null, "track": 1,', 1))),
    ("a newer record", "newer-schema", at("schema_version", to=2)),
    (
        "a newer submission.toml",
        "newer-schema",
        text("submission.toml", lambda f: f.replace("schema_version = 1", "schema_version = 9")),
    ),
    ("a field that is unknown", "bad-schema", at("scores", "accuracy", "verified", to=True)),
    ("a field that is missing", "bad-schema", without("task", "fingerprint")),
    ("a number as text", "bad-schema", at("scores", "accuracy", "value", to="0.99")),
    (
        "a link that is a program",
        "bad-schema",
        text("submission.toml", lambda found: found + 'paper = "javascript:alert(1)"\n'),
    ),
    ("a run.json of another shape", "bad-schema", write("demo/grammar/run.json", b"[]")),
    ("another task's title", "other-task", at("task", "title", to="GLUE")),
    ("settings that are no object", "other-task", at("provenance", "settings", to=[1])),
    ("labels in another order", "other-task", at("provenance", "settings", "labels", to=["right", "wrong"])),
    ("official rows called unofficial", "other-data", at("task", "pinned", to=False)),
    ("another version of the protocol", "other-protocol", at("protocol", "version", to=99)),
    ("another protocol's hash", "other-protocol", at("protocol", "hash", to="sha256:" + "0" * 64)),
    ("another teacher's hash", "wrong-track", edited(other_teacher)),
    ("no track", "wrong-track", at("track", to=None)),
    ("a deleted table", "missing-file", lambda e: record_of(e).with_name("explanations.parquet").unlink()),
    ("a flipped bit in a table", "wrong-hash", flipped),
    ("another number of rows", "other-ids", at("examples", "rows", to=3)),
    ("garbage for a table", "bad-table", garbage),
    ("a row less", "other-ids", table("examples", lambda found: found.slice(1))),
    ("an id twice", "repeated-id", table("examples", twice)),
    (
        "explanations of other examples",
        "other-ids",
        table("explanations", column("example_id", lambda i: ["?", *i[1:]])),
    ),
    (
        "an explained example twice",
        "repeated-id",
        table("explanations", column("example_id", lambda i: [i[1], *i[1:]])),
    ),
    ("maskings in another order", "other-ids", table("masking", column("example_id", swapped))),
    ("a label the task lacks", "bad-label", table("examples", column("label", lambda found: [7, *found[1:]]))),
    (
        "a column of sentences",
        "odd-column",
        table("examples", lambda f: f.append_column("text", f.column("example_id"))),
    ),
    ("a note inside a table", "odd-column", noted),
    (
        "a perturbation that is not asked",
        "odd-column",
        table("perturbed", lambda f: f.drop(["answer.word_swap.student"])),
    ),
    ("a changed number", "score-differs", at("scores", "accuracy", "value", to=0.99)),
    ("a narrower interval", "score-differs", at("scores", "kappa", "low", to=0.9)),
    ("more examples than there were", "score-differs", at("scores", "accuracy", "n", to=10_000)),
    ("a value for an undefined score", "score-differs", at("scores", "score_drop.word_swap", "reason", to=None)),
    ("labels of two rows swapped", "score-differs", table("examples", column("label", swapped))),
    ("the student's answers swapped", "score-differs", table("examples", column("student_logits", swapped))),
    ("an explanation turned round", "score-differs", table("explanations", column("vector.student.lime", turned))),
    ("a score left out", "score-missing", without("scores", "accuracy")),
    ("a score made up", "score-unknown", edited(lambda v: v["scores"].update(better=v["scores"]["accuracy"]))),
    ("a model called valid", "gate-differs", at("gate", "student", "low", to=0.99)),
    (
        "a verdict that survives",
        "part-differs",
        at("explanations", "explainers", "lime", "notes", to={"teacher": {"x": 1.0}}),
    ),
    ("a curve redrawn", "part-differs", at("faithfulness", "transfer_ratios", "lime", "value", to=1.5)),
    ("a draw improved", "part-differs", at("robustness", "plain", "student", to=0.99)),
    ("faithfulness left out", "score-unknown", at("faithfulness", to=None)),
]


def test_a_good_submission_is_in_order(good: Path) -> None:
    checked = check_submission(good)
    assert checked.findings == ()
    assert checked.tasks[TASK] > 100


@pytest.mark.parametrize(
    ("code", "edit"), [(code, edit) for _, code, edit in MATRIX], ids=[name for name, *_ in MATRIX]
)
def test_every_change_is_refused_with_its_code(good: Path, code: str, edit: Edit) -> None:
    edit(good)
    findings = check_submission(good).findings
    assert code in {finding.code for finding in findings}, [str(finding.error()) for finding in findings]
    for finding in findings:
        assert finding.expected
        assert finding.found
        assert finding.fix
        assert str(good) in finding.where
        assert all(line.isprintable() for line in str(finding.error()).splitlines())


def test_the_matrix_has_thirty_edits_and_every_code_but_those_tested_below() -> None:
    assert len(MATRIX) >= 30
    apart = {"no-folder", "too-much", "too-many-values", "other-answers", "cannot-derive"}
    assert {code for _, code, _ in MATRIX} == set(CODES) - apart


def test_no_folder(tmp_path: Path) -> None:
    assert [one.code for one in check_submission(tmp_path / "none").findings] == ["no-folder"]


def test_a_table_that_unpacks_to_too_much_is_not_unpacked(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "MOST_UNPACKED", 1000)
    assert {one.code for one in check_submission(good).findings} == {"too-many-values"}


def test_a_submission_that_is_too_large_altogether(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xkd_bench.records.listing.MOST_BYTES", 1000)
    assert {one.code for one in check_submission(good).findings} == {"too-much"}


def test_numbers_that_make_no_sense_are_a_finding_and_no_traceback(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any) -> None:
        raise ZeroDivisionError("an empty stratum")

    monkeypatch.setattr("xkd_bench.engine.check.judge_alignment", broken)
    assert [one.code for one in check_submission(good).findings] == ["cannot-derive"]


@pytest.fixture
def official(tmp_path: Path) -> Path:
    """A committed entry on official rows, against a reference teacher."""
    source = ROOT / "submissions" / "reference" / "vanilla_kd"
    shutil.copytree(source / "glue" / "sst2", tmp_path / "entry" / "glue" / "sst2")
    shutil.copy(source / "submission.toml", tmp_path / "entry")
    return tmp_path / "entry"


def test_rows_that_are_not_the_official_ones(official: Path) -> None:
    path = official / "glue" / "sst2" / "record.json"
    value = json.loads(path.read_text())
    value["task"]["fingerprint"] = other = "sha256:" + "5" * 64
    value["track"] = track_of(other, value["teacher"]["hash"], value["protocol"]["hash"])
    path.write_text(json.dumps(value))
    assert "other-data" in {one.code for one in check_submission(official).findings}


def test_answers_that_are_not_the_reference_teachers(official: Path) -> None:
    path = official / "glue" / "sst2" / "record.json"
    found = pq.read_table(path.with_name("examples.parquet"))
    kinder = column("teacher_logits", lambda rows: [*rows[:-1], [float(x) for x in -np.array(rows[-1])]])(found)
    pq.write_table(kinder, path.with_name("examples.parquet"), store_schema=False)
    value = json.loads(path.read_text())
    value["examples"]["sha256"] = file_hash(path.with_name("examples.parquet"))
    path.write_text(json.dumps(value))
    findings = check_submission(official).findings
    assert findings[0].code == "other-answers"
    assert found.column("example_id")[-1].as_py() in findings[0].where
