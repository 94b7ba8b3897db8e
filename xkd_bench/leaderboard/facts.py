"""What the page knows of a task: from its registered card, or else from the record of a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xkd_bench.metrics.contract import TaskKind
from xkd_bench.records.schema import TaskRecord, TaskResult
from xkd_bench.tasks.card import TaskCard

MODALITIES = {"text": "text", "pair": "pairs of texts", "image": "images"}


@dataclass(frozen=True)
class TaskFacts:
    """Title, scores and standing of a task.

    modality: what its inputs are, empty where nothing tells. rows: fingerprint of the official rows, None where none is
    pinned.
    """

    name: str
    title: str
    summary: str
    kind: TaskKind
    modality: str
    headline: str
    beside: tuple[str, ...]
    ranked: bool
    ranked_note: str
    slices: Mapping[str, str]
    registered: bool
    rows: str | None

    def doubt(self, result: TaskResult) -> str:
        """Why a row may not have been measured on the official rows of the task; empty where it was."""
        if not self.registered:
            return "the task is not registered"
        if self.rows is None:
            return "the rows of this task are not pinned yet"
        return "" if result.task.fingerprint == self.rows else "these are not the official rows of the task"


def facts_of_card(card: TaskCard) -> TaskFacts:
    return TaskFacts(
        name=card.name,
        title=card.title,
        summary=card.summary,
        kind=card.kind,
        modality=MODALITIES[card.modality],
        headline=card.headline,
        beside=card.beside,
        ranked=card.ranked,
        ranked_note=card.ranked_note,
        slices={name: part.title for name, part in card.slices.items()},
        registered=True,
        rows=card.data.fingerprints.get(card.data.evaluation),
    )


def facts_of_record(record: TaskRecord) -> TaskFacts:
    """For a task that is not registered here: what the row itself says of it."""
    return TaskFacts(
        name=record.name,
        title=record.title,
        summary="",
        kind=record.kind,
        modality="",
        headline=record.headline,
        beside=(),
        ranked=False,
        ranked_note="",
        slices={},
        registered=False,
        rows=None,
    )
