"""The records a verdict is about, and whether two of them may be held against each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xkd_bench.errors import BadInputError
from xkd_bench.records.schema import TaskResult
from xkd_bench.records.submission import TaskEntry, read_one_task, read_submission


@dataclass(frozen=True)
class Entry:
    """One task of one submission. name: of the submission, as its author wrote it."""

    name: str
    task: TaskEntry

    @property
    def result(self) -> TaskResult:
        return self.task.result

    @property
    def seed(self) -> int | None:
        """The seed the student was trained with, where its lineage says it."""
        return self.result.lineage.seed if self.result.lineage else None


def read_entries(folder: Path, task: str | None = None) -> dict[str, Entry]:
    """Task → entry of a submission, or of one task's folder inside it; of `task` alone where one is named.

    Raises `BadInputError` where there is no record to read, or none of that task.
    """
    if not folder.is_dir():
        raise BadInputError(
            where=str(folder),
            expected="a submission, or a task's folder inside one",
            found="no such folder",
            fix="check the path; `xkd-bench evaluate … --output submissions/NAME` makes one",
        )
    if (folder / "record.json").exists():
        submission, one = read_one_task(folder)
        tasks = {one.result.task.name: one}
    else:
        submission = read_submission(folder)
        tasks = submission.tasks
    found = {name: Entry(submission.card.name, one) for name, one in tasks.items() if _is_wanted(name, task)}
    if not found:
        raise BadInputError(
            where=f"{folder}, --task",
            expected=f"one of {', '.join(tasks)}",
            found=repr(task),
            fix="name a task that both have",
        )
    return found


def why_not_comparable(first: Entry, second: Entry) -> tuple[str, ...]:
    """Why two records of one task must not be compared; nothing where they stand on one track."""
    one, other = first.result, second.result
    teachers = [None if result.teacher is None else result.teacher.hash for result in (one, other)]
    protocols = [f"{result.protocol.name} version {result.protocol.version}" for result in (one, other)]
    reasons = []
    if one.task.fingerprint != other.task.fingerprint:
        reasons.append(
            f"other rows: {one.task.rows} of {one.task.split} ({_short(one.task.fingerprint)}) against "
            f"{other.task.rows} of {other.task.split} ({_short(other.task.fingerprint)})"
        )
    if teachers[0] != teachers[1]:
        reasons.append(f"another teacher: {_short(teachers[0])} against {_short(teachers[1])}")
    if one.protocol.hash != other.protocol.hash:
        reasons.append(
            f"another protocol: {protocols[0]} against {protocols[1]}"
            if protocols[0] != protocols[1]
            else f"another protocol of the same name, {protocols[0]}"
        )
    if one.labels != other.labels:
        reasons.append(f"other labels: {', '.join(one.labels)} against {', '.join(other.labels)}")
    return tuple(reasons)


def _is_wanted(name: str, task: str | None) -> bool:
    return task is None or task in (name, name.rpartition("/")[2])


def _short(digest: str | None) -> str:
    return "none" if digest is None else digest.removeprefix("sha256:")[:10]
