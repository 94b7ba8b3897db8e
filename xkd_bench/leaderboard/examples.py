"""The examples themselves, where they may be shown: tasks marked `redistributable`, or a board built with the data."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xkd_bench.errors import BadInputError
from xkd_bench.records.schema import TaskRecord
from xkd_bench.tasks.examples import Examples, ImageInput, TextInput
from xkd_bench.tasks.loading import load
from xkd_bench.tasks.registry import all_tasks
from xkd_bench.tasks.words import units_of, within_words

Words = tuple[str, ...]
Pixels = NDArray[np.uint8]  # (height, width, 3)


@dataclass
class Shown:
    """Examples by task: words, or pixels. data_root: the data of one's own board; None for what is published."""

    data_root: Path | None = None
    _found: dict[str, dict[str, Words | Pixels]] = field(default_factory=dict)

    def words(self, record: TaskRecord) -> dict[str, Words]:
        """id → the words of the example, as they are explained; nothing where they may not be shown, are not at hand,
        are images, or are not the rows of this record."""
        return {one: found for one, found in self._examples(record).items() if isinstance(found, tuple)}

    def pixels(self, record: TaskRecord) -> dict[str, Pixels]:
        """id → the image, under the same conditions."""
        return {one: found for one, found in self._examples(record).items() if not isinstance(found, tuple)}

    def _examples(self, record: TaskRecord) -> dict[str, Words | Pixels]:
        if record.fingerprint not in self._found:
            self._found[record.fingerprint] = self._read(record)
        return self._found[record.fingerprint]

    def _read(self, record: TaskRecord) -> dict[str, Words | Pixels]:
        task = all_tasks().get(record.name)
        if task is None or (not task.card.redistributable and self.data_root is None):
            return {}
        try:
            examples = load(task, "evaluation", self.data_root)
        except BadInputError:
            return {}
        if examples.fingerprint != record.fingerprint:
            return {}
        pictures = {
            example_id: row.pixels
            for example_id, row in zip(examples.example_ids, examples.inputs, strict=True)
            if isinstance(row, ImageInput)
        }
        return {**words_by_id(examples), **pictures}


def words_by_id(examples: Examples) -> dict[str, Words]:
    """id → the words of a text or a pair as they are explained; no image is among them."""
    most = examples.task.inputs.max_length
    return {
        example_id: tuple(unit.text for unit in units_of(within_words(row, most)))
        for example_id, row in zip(examples.example_ids, examples.inputs, strict=True)
        if isinstance(row, TextInput)
    }
