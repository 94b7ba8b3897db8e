"""Is a submission in order? Schemas, hashes, and every score derived again from the committed table."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from xkd_bench.engine.committed_tables import check_file, explained_table, masked_table, perturbed_table
from xkd_bench.engine.explanation_record import explanation_parts
from xkd_bench.engine.judge import judge, judge_alignment, judge_faithfulness, judge_robustness
from xkd_bench.engine.judge_perturbed import PerturbedTask
from xkd_bench.engine.masking_record import faithfulness_parts
from xkd_bench.engine.perturbed_record import robustness_parts
from xkd_bench.errors import BadInputError
from xkd_bench.metrics import registry
from xkd_bench.metrics.contract import Score
from xkd_bench.metrics.tables import check_same_ids
from xkd_bench.records import canonical_json
from xkd_bench.records.examples_table import read_examples
from xkd_bench.records.schema import ScoreRecord, TaskResult
from xkd_bench.records.submission import TaskEntry, read_submission
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
    check_file(table_path, result.examples.sha256)
    protocol = _protocol(result, entry.folder / "record.json")
    classes = len(result.provenance.get("settings", {}).get("labels", [])) or 1
    table = read_examples(table_path, result.task.kind, classes)
    check_same_ids(tuple(dict.fromkeys(table.labels.example_ids)), table.labels.example_ids, str(table_path))
    seed_words = (str(protocol.statistics.suite_seed), result.task.fingerprint)
    again = judge(table, registry.prediction_metrics(), protocol.statistics.resamples, seed_words)
    again = judge_alignment(again, table, explained_table(entry, table), protocol, seed_words)
    again = judge_faithfulness(again, table, masked_table(entry, protocol), protocol, seed_words)
    perturbed = perturbed_table(entry, table, protocol)
    again = judge_robustness(again, table, perturbed, _perturbed_task(result), protocol, seed_words)
    _compare("scores", result.scores, again.scores, entry.folder)
    for part in {*result.slices, *again.slices}:
        _compare(f"slices.{part}", result.slices.get(part, {}), again.slices.get(part, {}), entry.folder)
    for role, gate in result.gate.items():
        derived = again.gate.get(role)
        if derived is None or derived.status != gate.status:
            raise _differs(entry.folder, f"gate.{role}", gate.status, derived.status if derived else "none")
    if again.alignment is not None and result.explanations is not None:
        recorded = result.explanations.model_dump(mode="json", include={"explainers", "fills"})
        _compare_parts("explanations", recorded, _plain(explanation_parts(again.alignment)), entry.folder)
    if again.faithfulness is not None and result.faithfulness is not None:
        recorded = result.faithfulness.model_dump(mode="json", include={"found", "transfer_ratios"})
        _compare_parts("faithfulness", recorded, _plain(faithfulness_parts(again.faithfulness)), entry.folder)
    if again.robustness is not None and result.robustness is not None and perturbed is not None:
        recorded = result.robustness.model_dump(mode="json", include={"plain", "perturbations"})
        digests = {name: one.inputs for name, one in result.robustness.perturbations.items()}
        derived = _plain(robustness_parts(perturbed, again.robustness, digests))
        _compare_parts("robustness", recorded, derived, entry.folder)
    return len(result.scores) + sum(map(len, result.slices.values()))


def _perturbed_task(result: TaskResult) -> PerturbedTask:
    marked = result.robustness.perturbations if result.robustness else {}
    return PerturbedTask(result.task.headline, frozenset(name for name, one in marked.items() if one.label_changing))


def _plain(parts: Any) -> Any:
    """Parts of a record as JSON reads them."""
    if isinstance(parts, dict):
        return {name: _plain(part) for name, part in parts.items()}
    return parts.model_dump(mode="json") if isinstance(parts, BaseModel) else parts


def _compare_parts(where: str, recorded: Any, derived: Any, folder: Path) -> None:
    """Everything below `where` is the same, numbers to nine digits."""
    if isinstance(recorded, dict) and isinstance(derived, dict) and set(recorded) == set(derived):
        for name in sorted(recorded):
            _compare_parts(f"{where}.{name}", recorded[name], derived[name], folder)
    elif isinstance(recorded, list) and isinstance(derived, list) and len(recorded) == len(derived):
        for place, (one, other) in enumerate(zip(recorded, derived, strict=True)):
            _compare_parts(f"{where}[{place}]", one, other, folder)
    elif not _same(recorded, derived):
        raise _differs(folder, where, recorded, derived)


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
