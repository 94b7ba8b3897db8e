"""What a maintainer ran again of a submission, kept outside the submission: badges follow from it, never from a claim.

    submissions/audits/<entry>/<suite>/<task>.json

The file names the record it is about by hash; a record that changed has no audit any more.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from xkd_bench.records import canonical_json
from xkd_bench.records.files import disk_errors, write_whole
from xkd_bench.records.findings import SubmissionError
from xkd_bench.records.schema import Count, Finite, Hash, Strict, Text
from xkd_bench.records.submission import TaskEntry, file_hash, task_folder

FOLDER = "audits"
Badge = Literal["recorded", "audited", "reproduced"]
MEANING: dict[Badge, str] = {
    "recorded": "every number follows from the committed tables; the checkpoint was not run again",
    "audited": "a maintainer ran the checkpoint again: all its answers, and a random sample of the reasons named below",
    "reproduced": "a maintainer ran the whole evaluation again, with the same scores and answers",
}


class ComparedRecord(Strict):
    """Numbers of one table measured again. largest: difference, as a share of the largest value (of an answer that is
    a class: whether it differs). beyond: how many differ by more than `tolerance`."""

    what: Text
    numbers: Count
    equal: Count
    largest: Finite
    tolerance: Finite
    beyond: Count


class AuditRecord(Strict):
    """examples: whose reasons were asked for again, drawn with `seed`; of a reproduction all of them."""

    schema_version: Literal[1] = 1
    record: Hash
    badge: Literal["audited", "reproduced"]
    examples: Count
    seed: int
    compared: Annotated[tuple[ComparedRecord, ...], Field(min_length=1)]
    device: Text
    libraries: dict[str, Text]
    xkd_bench: Text
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


def audit_path(submissions: Path, entry: str, task: str) -> Path:
    return submissions / FOLDER / entry / f"{task_folder(task)}.json"


def write_audit(submissions: Path, entry: str, task: str, audit: AuditRecord) -> Path:
    path = audit_path(submissions, entry, task)
    with disk_errors(path, "nothing half-written is left"):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, canonical_json.dumps(audit.model_dump(mode="json")))
    return path


def read_audit(submissions: Path, entry: str, task: TaskEntry) -> AuditRecord | None:
    """The audit of a record as it is now; None where there is none. Raises `SubmissionError` for a broken file."""
    path = audit_path(submissions, entry, task.result.task.name)
    if not path.is_file():
        return None
    try:
        audit = AuditRecord.model_validate(json.loads(path.read_text(encoding="utf-8")), strict=False)
    except (ValidationError, ValueError) as error:
        raise SubmissionError(
            "bad-schema",
            where=str(path),
            expected="an audit as `xkd-bench verify` writes it",
            found=str(error).splitlines()[0],
            fix="run `xkd-bench verify` again",
        ) from None
    return audit if audit.record == file_hash(task.folder / "record.json") else None


def badge_of(submissions: Path, entry: str, task: TaskEntry) -> Badge:
    audit = read_audit(submissions, entry, task)
    return "recorded" if audit is None else audit.badge
