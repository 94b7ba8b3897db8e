"""The tables of a submission, read again: that they are the ones the record was made from, and of its split."""

from __future__ import annotations

from pathlib import Path

from xkd_bench.records.examples_table import ExamplesTable
from xkd_bench.records.explanations_table import ExplanationsTable, read_explanations
from xkd_bench.records.findings import SubmissionError
from xkd_bench.records.listing import MAX_BYTES, too_large
from xkd_bench.records.masking_table import MaskingTable, read_masking
from xkd_bench.records.perturbed_table import PerturbedTable, read_perturbed
from xkd_bench.records.submission import TaskEntry, file_hash
from xkd_bench.tasks.protocols import Protocol

AGAIN = "evaluate again: record and table belong together"


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
