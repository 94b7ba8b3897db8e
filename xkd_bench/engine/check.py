"""Is a submission in order? Names and sizes, schemas, hashes, and every score derived again from the committed tables.

Nothing of it is executed, and no model is run. Whatever is wrong becomes a finding with a code (`records.findings`):
command line, CI and site share this one check.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from xkd_bench.engine.committed_tables import (
    examples_table,
    explained_table,
    finding,
    masked_table,
    perturbed_table,
    perturbed_task,
    protocol_of,
    same_number,
)
from xkd_bench.engine.explanation_record import explanation_parts
from xkd_bench.engine.judge import Judgement, judge, judge_alignment, judge_faithfulness, judge_robustness
from xkd_bench.engine.masking_record import faithfulness_parts
from xkd_bench.engine.perturbed_record import robustness_parts
from xkd_bench.engine.record import track_of
from xkd_bench.errors import BadInputError
from xkd_bench.metrics import registry
from xkd_bench.metrics.contract import Score
from xkd_bench.models.batching import GPU_TOLERANCE
from xkd_bench.records.examples_table import ExamplesTable
from xkd_bench.records.findings import Finding, Findings, SubmissionError
from xkd_bench.records.listing import check_listing
from xkd_bench.records.perturbed_table import PerturbedTable
from xkd_bench.records.reference_tables import kept_logits
from xkd_bench.records.schema import ScoreRecord, TaskResult
from xkd_bench.records.submission import TaskEntry, read_what_can_be_read
from xkd_bench.tasks.protocols import Protocol, read_protocol
from xkd_bench.tasks.registry import all_tasks

AGAIN = "evaluate again; numbers are never edited by hand"
# Findings after which no file is opened: what they name could lead elsewhere, or fill the memory.
STOP = {"link", "too-large", "too-much"}


@dataclass(frozen=True)
class Checked:
    """What was found in a submission. tasks: name → how many scores were derived and agreed."""

    folder: Path
    tasks: dict[str, int]
    findings: tuple[Finding, ...]

    def or_raise(self) -> Checked:
        """Itself, where nothing is wrong. Raises `SubmissionError` with the first finding."""
        if self.findings:
            raise self.findings[0].error()
        return self


def check_submission(folder: Path) -> Checked:
    """Everything that is wrong with a submission, and what is in order."""
    findings = Findings()
    if not folder.is_dir():
        findings.add(
            SubmissionError(
                "no-folder", where=str(folder), expected="a submission", found="no such folder", fix="check the path"
            )
        )
        return Checked(folder, {}, tuple(findings))
    for problem in check_listing(folder):
        findings.add(problem)
    if STOP & {one.code for one in findings}:
        return Checked(folder, {}, tuple(findings))
    submission = read_what_can_be_read(folder, findings)
    in_order = {}
    for name, entry in submission.tasks.items() if submission else ():
        before = len(findings)
        with findings.gathered():
            scores = check_task(entry, findings)
            if len(findings) == before:
                in_order[name] = scores
    return Checked(folder, in_order, tuple(findings))


def check_task(entry: TaskEntry, findings: Findings) -> int:
    """Tell `findings` what is wrong with a record; returns how many scores were derived again.

    Raises `SubmissionError` for what leaves nothing more to look at.
    """
    result, where = entry.result, entry.folder / "record.json"
    for problem in _against_registry(result, where):
        findings.add(problem)
    protocol = _protocol(result, where)
    table = examples_table(entry)
    with findings.gathered():
        _check_teacher(result, table, where)
    try:
        again, perturbed = _derived(entry, table, protocol)
    except BadInputError:
        raise
    except Exception as error:  # tables of a stranger can be readable, of the right shape, and still make no sense
        raise SubmissionError(
            "cannot-derive",
            where=str(entry.folder),
            expected="tables that every score can be derived from",
            found=f"{type(error).__name__}: {error}"[:300],
            fix="evaluate again",
        ) from None
    for problem in _differences(result, again, perturbed, where):
        findings.add(problem)
    return len(result.scores) + sum(map(len, result.slices.values()))


def _against_registry(result: TaskResult, where: Path) -> Iterator[SubmissionError]:
    """What the record says of its task, its tables and its track."""
    tables = {
        "examples": result.examples,
        "explanations": result.explanations.table if result.explanations else None,
        "masking": result.faithfulness.table if result.faithfulness else None,
        "perturbed": result.robustness.table if result.robustness else None,
    }
    for name, file in tables.items():
        if file is not None and file.name != f"{name}.parquet":
            yield finding("wrong-file", f"{where}, {name}", f"{name}.parquet", file.name)
    task = all_tasks().get(result.task.name)
    if task is not None:
        card = task.card
        for field, wanted in (("title", card.title), ("kind", card.kind), ("headline", card.headline)):
            if getattr(result.task, field) != wanted:
                yield finding("other-task", f"{where}, task.{field}", wanted, getattr(result.task, field))
        if result.labels != card.labels:
            yield finding("other-task", f"{where}, provenance.settings.labels", card.labels, result.labels)
        pin = card.data.fingerprints.get(result.task.split)
        if pin is not None and pin != result.task.fingerprint:
            yield finding("other-data", f"{where}, task.fingerprint", pin, result.task.fingerprint)
        if result.task.pinned != (pin is not None):
            yield finding("other-data", f"{where}, task.pinned", pin is not None, result.task.pinned)
    teacher = result.teacher.hash if result.teacher else None
    track = track_of(result.task.fingerprint, teacher, result.protocol.hash)
    if track != result.track:
        yield finding("wrong-track", f"{where}, track", track, result.track)
    if result.examples.rows != result.task.rows:
        yield finding("other-ids", f"{where}, examples.rows", result.task.rows, result.examples.rows)


def _check_teacher(result: TaskResult, table: ExamplesTable, where: Path) -> None:
    """Answers given out as a reference teacher's are that teacher's."""
    if result.teacher is None or table.teacher is None:
        return
    known = kept_logits(result.teacher.hash, result.task.fingerprint)
    if known is None:
        return
    found = dict(zip(table.teacher.example_ids, table.teacher.logits, strict=True))
    if set(found) != set(known):
        raise finding("other-ids", str(where), "the examples the reference teacher answered", "others")
    wanted = np.array([known[one] for one in table.teacher.example_ids])
    largest = np.abs(wanted).max()
    off = np.abs(wanted - table.teacher.logits).max(axis=1) / largest
    if not (off <= GPU_TOLERANCE).all():
        row = int(np.nanargmax(off))
        raise finding(
            "other-answers",
            f"{where.with_name('examples.parquet')}, example {table.teacher.example_ids[row]}",
            f"the reference teacher's logits, {np.round(wanted[row], 4).tolist()}",
            np.round(table.teacher.logits[row], 4).tolist(),
        )


def _derived(entry: TaskEntry, table: ExamplesTable, protocol: Protocol) -> tuple[Judgement, PerturbedTable | None]:
    result = entry.result
    seed_words = (str(protocol.statistics.suite_seed), result.task.fingerprint)
    again = judge(table, registry.prediction_metrics(), protocol.statistics.resamples, seed_words)
    again = judge_alignment(again, table, explained_table(entry, table), protocol, seed_words)
    again = judge_faithfulness(again, table, masked_table(entry, protocol), protocol, seed_words)
    perturbed = perturbed_table(entry, table, protocol)
    return judge_robustness(again, table, perturbed, perturbed_task(result), protocol, seed_words), perturbed


def _differences(
    result: TaskResult, again: Judgement, perturbed: PerturbedTable | None, where: Path
) -> Iterator[SubmissionError]:
    """Every number of a record that its tables do not give."""
    yield from _scores("scores", result.scores, again.scores, where)
    for part in sorted({*result.slices, *again.slices}):
        yield from _scores(f"slices.{part}", result.slices.get(part, {}), again.slices.get(part, {}), where)
    if set(result.gate) != set(again.gate):
        yield finding("gate-differs", f"{where}, gate", sorted(again.gate), sorted(result.gate), AGAIN)
    for role, gate in result.gate.items():
        if role in again.gate:
            for path, one, other in _unequal(f"gate.{role}", gate.model_dump(), asdict(again.gate[role])):
                yield finding("gate-differs", f"{where}, {path}", other, one, AGAIN)
    for name, recorded, derived in _parts(result, again, perturbed):
        if (recorded is None) != (derived is None):
            found = "none" if recorded is None else "there"
            yield finding("part-differs", f"{where}, {name}", "there" if derived else "none", found, AGAIN)
        else:
            for path, one, other in _unequal(name, recorded, derived):
                yield finding("part-differs", f"{where}, {path}", other, one, AGAIN)


def _parts(
    result: TaskResult, again: Judgement, perturbed: PerturbedTable | None
) -> Iterator[tuple[str, dict[str, Any] | None, dict[str, Any] | None]]:
    """What stands beside the scores: name of the part, as recorded and as derived."""
    explanations = _recorded(result.explanations, "explainers", "fills")
    yield "explanations", explanations, _plain(explanation_parts(again.alignment)) if again.alignment else None
    faithfulness = _recorded(result.faithfulness, "found", "transfer_ratios")
    yield "faithfulness", faithfulness, _plain(faithfulness_parts(again.faithfulness)) if again.faithfulness else None
    derived = None
    if again.robustness is not None and result.robustness is not None and perturbed is not None:
        digests = {name: one.inputs for name, one in result.robustness.perturbations.items()}
        derived = _plain(robustness_parts(perturbed, again.robustness, digests))
    yield "robustness", _recorded(result.robustness, "plain", "perturbations"), derived


def _recorded(part: BaseModel | None, *fields: str) -> dict[str, Any] | None:
    return None if part is None else part.model_dump(mode="json", include=set(fields))


def _scores(
    part: str, recorded: dict[str, ScoreRecord], derived: dict[str, Score], where: Path
) -> Iterator[SubmissionError]:
    for name in sorted({*recorded, *derived}):
        at = f"{where}, {part}.{name}"
        if name not in recorded:
            yield finding("score-missing", at, f"{derived[name].value}, which the committed table gives", "none", AGAIN)
        elif name not in derived:
            yield finding("score-unknown", at, "no such score: the committed table gives none", "one", AGAIN)
        else:
            for path, one, other in _unequal(f"{part}.{name}", recorded[name].model_dump(), asdict(derived[name])):
                yield finding(
                    "score-differs", f"{where}, {path}", f"{other}, which the committed table gives", one, AGAIN
                )


def _plain(parts: Any) -> Any:
    """Parts of a record as JSON reads them."""
    if isinstance(parts, dict):
        return {name: _plain(part) for name, part in parts.items()}
    return parts.model_dump(mode="json") if isinstance(parts, BaseModel) else parts


def _unequal(at: str, recorded: Any, derived: Any) -> Iterator[tuple[str, Any, Any]]:
    """Paths below `at` where two structures differ, numbers by more than nine digits; with both sides."""
    if isinstance(recorded, dict) and isinstance(derived, dict) and set(recorded) == set(derived):
        for name in sorted(recorded):
            yield from _unequal(f"{at}.{name}", recorded[name], derived[name])
    elif isinstance(recorded, list) and isinstance(derived, list) and len(recorded) == len(derived):
        for place, (one, other) in enumerate(zip(recorded, derived, strict=True)):
            yield from _unequal(f"{at}[{place}]", one, other)
    elif not same_number(recorded, derived):
        yield at, recorded, derived


def _protocol(result: TaskResult, where: Path) -> Protocol:
    return protocol_of(result, where, read_protocol)
