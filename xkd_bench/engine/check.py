"""Is a submission in order? Schemas, hashes, and every score derived again from the committed table."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from xkd_bench.engine.judge import judge
from xkd_bench.errors import BadInputError
from xkd_bench.metrics import registry
from xkd_bench.metrics.contract import Score
from xkd_bench.metrics.tables import check_same_ids
from xkd_bench.records import canonical_json
from xkd_bench.records.examples_table import read_examples
from xkd_bench.records.schema import ScoreRecord, TaskResult
from xkd_bench.records.submission import MAX_BYTES, TaskEntry, file_hash, read_submission
from xkd_bench.tasks.protocols import Protocol, read_protocol

SIGNIFICANT_DIGITS = 9  # processors differ in the last bits of a sum


def check_submission(folder: Path) -> Iterator[str]:
    """A line for each task that is in order. Raises `BadInputError` for the first thing that is not."""
    if not folder.is_dir():
        raise BadInputError(
            where=str(folder), expected="a submission folder", found="no such folder", fix="check the path"
        )
    submission = read_submission(folder)
    for name, entry in submission.tasks.items():
        scores = _check_task(entry)
        yield f"{name}: schema, hashes and {scores} scores in order"


def _check_task(entry: TaskEntry) -> int:
    result, table_path = entry.result, entry.folder / "examples.parquet"
    _check_file(result, table_path)
    protocol = _protocol(result, entry.folder / "record.json")
    classes = len(result.provenance.get("settings", {}).get("labels", [])) or 1
    table = read_examples(table_path, result.task.kind, classes)
    check_same_ids(tuple(dict.fromkeys(table.labels.example_ids)), table.labels.example_ids, str(table_path))
    again = judge(
        table,
        registry.load_all(),
        protocol.statistics.resamples,
        (str(protocol.statistics.suite_seed), result.task.fingerprint),
    )
    _compare("scores", result.scores, again.scores, entry.folder)
    for part in {*result.slices, *again.slices}:
        _compare(f"slices.{part}", result.slices.get(part, {}), again.slices.get(part, {}), entry.folder)
    for role, gate in result.gate.items():
        derived = again.gate.get(role)
        if derived is None or derived.status != gate.status:
            raise _differs(entry.folder, f"gate.{role}", gate.status, derived.status if derived else "none")
    return len(result.scores) + sum(map(len, result.slices.values()))


def _check_file(result: TaskResult, path: Path) -> None:
    if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_BYTES["examples.parquet"]:
        raise BadInputError(
            where=str(path),
            expected=f"a plain file of at most {MAX_BYTES['examples.parquet']} bytes",
            found="none, a link or a larger one",
            fix="evaluate again",
        )
    found = file_hash(path)
    if found != result.examples.sha256:
        raise BadInputError(
            where=str(path),
            expected=f"the table the record was made from, {result.examples.sha256}",
            found=found,
            fix="evaluate again: record and table belong together",
        )


def _protocol(result: TaskResult, where: Path) -> Protocol:
    protocol = read_protocol(result.protocol.name)
    found = canonical_json.content_hash(protocol.model_dump(mode="json"))
    if found != result.protocol.hash:
        raise BadInputError(
            where=f"{where}, protocol",
            expected=f"protocol {protocol.name} version {protocol.version}, {found}",
            found=f"version {result.protocol.version}, {result.protocol.hash}",
            fix="evaluate again with this version of xkd-bench",
        )
    return protocol


def _compare(part: str, recorded: dict[str, ScoreRecord], derived: dict[str, Score], folder: Path) -> None:
    for name in sorted({*recorded, *derived}):
        if name not in recorded or name not in derived:
            raise _differs(
                folder,
                f"{part}.{name}",
                "there" if name in recorded else "missing",
                "there" if name in derived else "none",
            )
        ours = asdict(derived[name])
        for field, value in recorded[name].model_dump().items():
            if not _same(value, ours[field]):
                raise _differs(folder, f"{part}.{name}.{field}", value, ours[field])


def _same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=10.0**-SIGNIFICANT_DIGITS, abs_tol=10.0**-SIGNIFICANT_DIGITS)
    return one == other


def _differs(folder: Path, field: str, recorded: object, derived: object) -> BadInputError:
    return BadInputError(
        where=f"{folder / 'record.json'}, {field}",
        expected=f"{derived}, which the committed table gives",
        found=f"{recorded}",
        fix="evaluate again; numbers are never edited by hand",
    )
