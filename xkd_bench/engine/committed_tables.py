"""The tables of a submission, read again: that they are the ones the record was made from, and of its split."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from xkd_bench.engine.judge_perturbed import PerturbedTask
from xkd_bench.errors import BadInputError
from xkd_bench.records import canonical_json
from xkd_bench.records.examples_table import ExamplesTable, read_examples
from xkd_bench.records.explanations_table import ExplanationsTable, read_explanations
from xkd_bench.records.findings import SubmissionError
from xkd_bench.records.listing import MAX_BYTES, too_large
from xkd_bench.records.masking_table import MaskingTable, read_masking
from xkd_bench.records.perturbed_table import PerturbedTable, read_perturbed
from xkd_bench.records.schema import TaskResult
from xkd_bench.records.submission import TaskEntry, file_hash
from xkd_bench.tasks.protocols import Protocol, read_protocol

AGAIN = "evaluate again: record and table belong together"
SIGNIFICANT_DIGITS = 9  # processors differ in the last bits of a sum


def examples_table(entry: TaskEntry) -> ExamplesTable:
    """The committed predictions: of the record's file, every example once, labels the task has."""
    result, path = entry.result, entry.folder / "examples.parquet"
    check_file(path, result.examples.sha256)
    classes = len(result.labels) or 1
    table = read_examples(path, result.task.kind, classes)
    ids = table.labels.example_ids
    if len(set(ids)) != len(ids):
        twice = next(one for place, one in enumerate(ids) if one in ids[:place])
        raise finding("repeated-id", str(path), "every example once", f"{twice!r} twice")
    if len(ids) != result.examples.rows:
        raise finding("other-ids", str(path), f"{result.examples.rows} examples", len(ids))
    labels = table.labels.labels
    allowed = np.isfinite(labels) if result.task.kind == "regression" else (labels >= 0) & (labels < classes)
    if not allowed.all():
        row = int(np.argmin(allowed))
        raise finding("bad-label", f"{path}, example {ids[row]}", f"one of {classes} classes", labels[row])
    if (table.teacher is None) != (result.teacher is None):
        raise finding("odd-column", str(path), "the teacher's logits where there is a teacher", "the other way round")
    return table


def explained_table(entry: TaskEntry, table: ExamplesTable) -> ExplanationsTable | None:
    """The committed explanations of a record that has any: of examples of its split, and no other."""
    claimed, path = entry.result.explanations, entry.folder / "explanations.parquet"
    if claimed is None:
        return None
    check_file(path, claimed.table.sha256)
    explained = read_explanations(path)
    _check_part(path, explained.example_ids, claimed.table.rows, table)
    return explained


def masked_table(entry: TaskEntry, protocol: Protocol) -> MaskingTable | None:
    """The committed maskings of a record that has any: of the examples that were explained, in their order."""
    claimed, path = entry.result.faithfulness, entry.folder / "masking.parquet"
    if claimed is None or protocol.masking is None:
        return None
    check_file(path, claimed.table.sha256)
    masked = read_masking(path, 1 + len(protocol.masking.levels))
    explained = read_explanations(entry.folder / "explanations.parquet")
    if masked.example_ids != explained.example_ids:
        raise SubmissionError(
            "other-ids",
            where=str(path),
            expected="the examples of explanations.parquet, in the same order",
            found=f"{len(masked.example_ids)} others",
            fix="evaluate again",
        )
    return masked


def perturbed_table(entry: TaskEntry, table: ExamplesTable, protocol: Protocol) -> PerturbedTable | None:
    """The committed answers to perturbed inputs of a record that has any."""
    claimed, path = entry.result.robustness, entry.folder / "perturbed.parquet"
    if claimed is None or protocol.perturbations is None:
        return None
    check_file(path, claimed.table.sha256)
    roles = {"student"} | ({"teacher"} if table.teacher is not None else set())
    perturbed = read_perturbed(path, table.labels.kind, protocol.perturbations.draws)
    _check_part(path, perturbed.example_ids, claimed.table.rows, table)
    odd = set(perturbed.perturbations) ^ set(claimed.perturbations)
    odd |= {name for name, one in perturbed.perturbations.items() if set(one.answers) != roles}
    if odd:
        raise SubmissionError(
            "odd-column",
            where=str(path),
            expected=f"the perturbations of the record, with answers of {' and '.join(sorted(roles))}",
            found=f"others for {', '.join(sorted(odd))}",
            fix="evaluate again",
        )
    return perturbed


def _check_part(path: Path, found: tuple[str, ...], rows: int, table: ExamplesTable) -> None:
    unknown = set(found) - set(table.labels.example_ids)
    if unknown or not len(set(found)) == len(found) == rows:
        raise SubmissionError(
            "repeated-id" if len(set(found)) < len(found) else "other-ids",
            where=str(path),
            expected=f"{rows} examples of the split, each once",
            found=f"{len(found)} rows, {len(set(found))} different ids, {len(unknown)} of them unknown",
            fix="evaluate again",
        )


def check_file(path: Path, sha256: str) -> None:
    """Raises `SubmissionError` unless there is a plain file of a fitting size with this hash."""
    if path.is_symlink() or not path.is_file():
        raise SubmissionError(
            "missing-file", where=str(path), expected="the table the record was made from", found="none", fix=AGAIN
        )
    if (size := path.stat().st_size) > MAX_BYTES[path.name]:
        raise too_large(path, size)
    found = file_hash(path)
    if found != sha256:
        raise SubmissionError(
            "wrong-hash",
            where=str(path),
            expected=f"the table the record was made from, {sha256}",
            found=found,
            fix=AGAIN,
        )


def perturbed_task(result: TaskResult) -> PerturbedTask:
    """What scores of robustness need to know of the task, as the record says it."""
    marked = result.robustness.perturbations if result.robustness else {}
    return PerturbedTask(result.task.headline, frozenset(name for name, one in marked.items() if one.label_changing))


def protocol_of(result: TaskResult, where: Path, read: Callable[[str], Protocol] = read_protocol) -> Protocol:
    """The protocol a record was made under. Raises `SubmissionError` where it is not this version's."""
    try:
        protocol = read(result.protocol.name)
    except BadInputError as error:
        raise SubmissionError(
            "other-protocol",
            where=f"{where}, protocol.name",
            expected=error.expected,
            found=error.found,
            fix="evaluate with one of these",
        ) from None
    found = canonical_json.content_hash(protocol.model_dump(mode="json"))
    if (found, protocol.version) != (result.protocol.hash, result.protocol.version):
        raise SubmissionError(
            "other-protocol",
            where=f"{where}, protocol",
            expected=f"protocol {protocol.name} version {protocol.version}, {found}",
            found=f"version {result.protocol.version}, {result.protocol.hash}",
            fix="evaluate again with this version of xkd-bench",
        )
    return protocol


def same_number(one: object, other: object) -> bool:
    """Whether two values are equal, floats to nine significant digits."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=10.0**-SIGNIFICANT_DIGITS, abs_tol=10.0**-SIGNIFICANT_DIGITS)
    return one == other


def finding(code: str, where: str, expected: object, found: object, fix: str = "evaluate again") -> SubmissionError:
    """A `SubmissionError` of any two values, long ones cut."""
    return SubmissionError(code, where=where, expected=_told(expected), found=_told(found), fix=fix)


def _told(value: object) -> str:
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]} …"
