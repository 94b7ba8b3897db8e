"""Every parser of files that strangers send: whatever the bytes, a result or one clear error, never a traceback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xkd_bench.errors import BadInputError
from xkd_bench.records.audits import audit_path, read_audit
from xkd_bench.records.examples_table import read_examples
from xkd_bench.records.explanations_table import read_explanations
from xkd_bench.records.findings import SubmissionError
from xkd_bench.records.lineage import read_lineage
from xkd_bench.records.masking_table import read_masking
from xkd_bench.records.perturbed_table import read_perturbed
from xkd_bench.records.reference_tables import read_reference
from xkd_bench.records.schema import RunRecord, SubmissionRecord, TaskResult
from xkd_bench.records.submission import parse, read_submission
from xkd_bench.tasks.card import read_task
from xkd_bench.tasks.protocols import find_protocol

ROOT = Path(__file__).resolve().parents[2]
GOOD = ROOT / "submissions" / "reference" / "vanilla_kd"
TASK = GOOD / "glue" / "sst2"
MODELS = {"submission.toml": SubmissionRecord, "record.json": TaskResult, "run.json": RunRecord}
TABLES: dict[str, Callable[[Path], Any]] = {
    "examples": lambda path: read_examples(path, "classification", 2),
    "explanations": read_explanations,
    "masking": lambda path: read_masking(path, 5),
    "perturbed": lambda path: read_perturbed(path, "classification", 3),
}
SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def mutated(content: bytes, edits: list[tuple[float, bytes]]) -> bytes:
    """Bytes overwritten at these places (shares of the length)."""
    found = bytearray(content)
    for share, new in edits:
        start = int(share * len(found))
        found[start : start + len(new)] = new
    return bytes(found)


EDITS = st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=12)), min_size=1, max_size=4)


def tried(read: Callable[[], Any], kind: type[Exception] = SubmissionError) -> None:
    try:
        read()
    except kind as error:
        assert str(error)  # noqa: PT017


@pytest.mark.parametrize("name", list(MODELS))
@given(content=st.binary(max_size=200), edits=EDITS)
@SETTINGS
def test_text_files_of_any_bytes(tmp_path: Path, name: str, content: bytes, edits: list[tuple[float, bytes]]) -> None:
    good = (GOOD / name if name == "submission.toml" else TASK / name).read_bytes()
    for found in (content, mutated(good, edits)):
        (tmp_path / name).write_bytes(found)
        tried(lambda: parse(MODELS[name], tmp_path / name))


@pytest.mark.parametrize("name", ["record.json", "run.json"])
@given(data=st.data(), value=JSON)
@SETTINGS
def test_records_with_any_value_anywhere(tmp_path: Path, name: str, data: st.DataObject, value: Any) -> None:
    good = json.loads((TASK / name).read_text())
    inside, keys = good, []
    while isinstance(inside, dict) and inside and (not keys or data.draw(st.booleans())):
        keys.append(data.draw(st.sampled_from(sorted(inside))))
        inside = inside[keys[-1]]
    place = good
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    (tmp_path / name).write_text(json.dumps(good))
    tried(lambda: parse(MODELS[name], tmp_path / name))


@pytest.mark.parametrize("name", list(TABLES))
@given(content=st.binary(max_size=200), edits=EDITS, end=st.floats(0, 1))
@SETTINGS
def test_tables_of_any_bytes(
    tmp_path: Path, name: str, content: bytes, edits: list[tuple[float, bytes]], end: float
) -> None:
    path, good = tmp_path / f"{name}.parquet", (TASK / f"{name}.parquet").read_bytes()
    for found in (content, mutated(good, edits), good[: int(end * len(good))], mutated(good, [(0.999, content[:8])])):
        path.write_bytes(found)
        tried(lambda: TABLES[name](path))


COLUMNS: dict[str, st.SearchStrategy[Any]] = {
    "whole numbers": st.integers(-(2**31), 2**31 - 1),
    "numbers": st.floats(width=32),
    "texts": st.text(max_size=3),
    "flags": st.booleans(),
    "lists": st.lists(st.integers(-5, 5), max_size=3),
    "lists of lists": st.lists(st.lists(st.floats(width=32), max_size=2), max_size=2),
    "structures": st.fixed_dictionaries({"a": st.integers(0, 3)}),
}


@pytest.mark.parametrize("name", list(TABLES))
@given(data=st.data(), kind=st.sampled_from(sorted(COLUMNS)), rows=st.integers(0, 4))
@SETTINGS
def test_tables_with_any_column_of_any_kind(
    tmp_path: Path, name: str, data: st.DataObject, kind: str, rows: int
) -> None:
    good = pq.read_table(TASK / f"{name}.parquet").slice(0, rows)
    column = data.draw(st.sampled_from([*good.column_names, f"{name}.new", "curve.x", "distance", "coalitions.a"]))
    values = data.draw(st.lists(st.none() | COLUMNS[kind], min_size=rows, max_size=rows))
    other = pa.array(values) if any(value is not None for value in values) else pa.array(values, pa.int8())
    if column in good.column_names:
        found = good.set_column(good.column_names.index(column), column, other)
    else:
        found = good.append_column(column, other)
    pq.write_table(found, tmp_path / f"{name}.parquet", store_schema=False)
    tried(lambda: TABLES[name](tmp_path / f"{name}.parquet"))


@given(content=st.binary(max_size=120), value=JSON, edits=EDITS)
@SETTINGS
def test_the_files_beside_them(tmp_path: Path, content: bytes, value: Any, edits: list[tuple[float, bytes]]) -> None:
    if not (tmp_path / "entry").exists():
        shutil.copytree(GOOD, tmp_path / "entry")
    entry = read_submission(tmp_path / "entry").tasks["glue/sst2"]
    reference = (ROOT / "submissions" / "reference" / "teachers" / "sst2" / "reference.json").read_bytes()
    task = (ROOT / "tasks" / "glue" / "cola.toml").read_bytes()
    protocol = (ROOT / "tasks" / "protocols" / "quick.toml").read_bytes()
    audit = audit_path(tmp_path, "entry", "glue/sst2")
    audit.parent.mkdir(parents=True, exist_ok=True)
    for found in (content, json.dumps(value).encode()):
        audit.write_bytes(found)
        tried(lambda: read_audit(tmp_path, "entry", entry))
        (tmp_path / "lineage.json").write_bytes(found)
        tried(lambda: read_lineage(tmp_path), BadInputError)
    for found in (content, json.dumps(value).encode(), mutated(reference, edits)):
        (tmp_path / "reference.json").write_bytes(found)
        tried(lambda: read_reference(tmp_path), BadInputError)
    for found in (content, mutated(task, edits)):
        (tmp_path / "mine.toml").write_bytes(found)
        tried(lambda: read_task(tmp_path / "mine.toml"), BadInputError)
    for found in (content, mutated(protocol, edits)):
        (tmp_path / "protocol.toml").write_bytes(found)
        tried(lambda: find_protocol(str(tmp_path / "protocol.toml")), BadInputError)
