"""Records that are there already: one whose lineage and track are those of a job is that job, finished."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xkd_bench.engine.record import track_of
from xkd_bench.records.schema import TaskResult
from xkd_bench.records.submission import parse


@dataclass(frozen=True)
class Wanted:
    """What a record must say. teacher: the checkpoint it is judged against; rows: that were asked for, None for all;
    retrained: how many retrained teachers stand behind its ceiling."""

    task: str
    data: str | None
    protocol: str
    teacher: str
    train_data: str | None
    seed: int
    method: str
    layers: tuple[int, ...] | None
    rows: int | None
    settings: dict[str, Any]
    training: dict[str, Any]
    retrained: int = 0


def read_record(folder: Path) -> TaskResult | None:
    """The record in an entry's folder of a task, None where there is none. Raises `BadInputError` for a broken one."""
    path = folder / "record.json"
    return parse(TaskResult, path) if path.is_file() else None


def difference(record: TaskResult, wanted: Wanted) -> str:
    """Why a record is not the wanted one, in words; empty where it is."""
    lineage = record.lineage
    if lineage is None:
        return "it has no lineage"
    data = wanted.data or record.task.fingerprint
    said: dict[str, tuple[Any, Any]] = {
        "track": (record.track, track_of(data, wanted.teacher, wanted.protocol)),
        "task": (record.task.name, wanted.task),
        "training data": (lineage.train_fingerprint, wanted.train_data or lineage.train_fingerprint),
        "method": (lineage.method, wanted.method),
        "seed": (lineage.seed, wanted.seed),
        "blocks": (lineage.layers, wanted.layers),
        "settings": (lineage.settings, wanted.settings),
        "training": (lineage.training, wanted.training),
    }
    for name, (found, asked) in said.items():
        if found != asked:
            return f"{name}: {found}, wanted {asked}"
    if wanted.rows is not None and lineage.train_rows > wanted.rows:
        return f"rows: {lineage.train_rows}, wanted {wanted.rows}"
    return ""


def notes(record: TaskResult, wanted: Wanted) -> tuple[str, ...]:
    """What a record that counts lacks of what the suite would make."""
    found = []
    lineage, teacher = record.lineage, record.teacher
    if lineage is not None and teacher is not None and lineage.teacher not in (None, teacher.hash):
        found.append(f"distilled from another training of the teacher ({str(lineage.teacher)[7:15]})")
    behind = len(record.explanations.retrained_teachers) if record.explanations else 0
    if behind < wanted.retrained:
        found.append(f"{behind} of {wanted.retrained} retrained teachers behind its ceiling")
    return tuple(found)
