"""What a comparison is about: texts or images of the user's own, and examples of the task's evaluation split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xkd_bench.errors import BadInputError
from xkd_bench.tasks.examples import Examples, Input, TextInput, fingerprint
from xkd_bench.tasks.images import read_image
from xkd_bench.tasks.registry import Task


@dataclass(frozen=True)
class Item:
    """One input to explain, as the only example of its `examples`.

    from_split: of the task's evaluation split; else the user's own, without a label. name: of an image file, without
    its folder; how_read: its size and what was changed to read it. Both empty for texts and examples of a split.
    """

    examples: Examples
    from_split: bool
    name: str = ""
    how_read: str = ""


def own_inputs(task: Task, given: Sequence[str], pairs: Sequence[str]) -> list[Item]:
    """Each text of the user, or each image by its path.

    Raises `BadInputError` unless a task of pairs gets a second text for each, and any other task none; and for a file
    that is no image.
    """
    paired = task.card.modality == "pair"
    if len(pairs) != (len(given) if paired else 0):
        single = "images" if task.card.modality == "image" else "single texts"
        raise BadInputError(
            where="--text-pair",
            expected=f"one for each of the {len(given)} texts, as {task.name} is about pairs"
            if paired
            else f"none, as {task.name} is about {single}",
            found=str(len(pairs)),
            fix="give --text-pair once for each text, in their order" if paired else "leave it out",
        )
    if task.card.modality == "image":
        return [_own_image(task, Path(path)) for path in given]
    return [_own_text(task, TextInput(*parts)) for parts in (zip(given, pairs, strict=True) if paired else zip(given))]


def _own_text(task: Task, row: TextInput) -> Item:
    for part in row:
        _check_unicode(part or "")
    return Item(_alone(task, row, "own text"), from_split=False)


def _own_image(task: Task, path: Path) -> Item:
    image, how_read = read_image(path)
    return Item(_alone(task, image, "own image"), False, path.name, how_read)


def _alone(task: Task, row: Input, split: str) -> Examples:
    hidden = np.array([np.nan]) if task.card.kind == "regression" else np.array([-1])
    found = fingerprint(task.card, ("0",), (row,), hidden)
    return Examples(task.card, split, ("0",), (row,), hidden, found, clusters=None, slices={})


def _check_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadInputError(
            where="the text to explain",
            expected="text in UTF-8",
            found=f"a byte that is none at character {error.start}",
            fix="convert the text to UTF-8",
        ) from None


def split_items(split: Examples, ids: Sequence[str]) -> list[Item]:
    """Examples of a split by id. Raises `BadInputError` for an id that is not there."""
    place = {example_id: row for row, example_id in enumerate(split.example_ids)}
    for wanted in ids:
        if wanted not in place:
            raise BadInputError(
                where="--example",
                expected=f"an id of {split.task.name}, split {split.split}: {split.example_ids[0]} … "
                f"{split.example_ids[-1]}",
                found=repr(wanted),
                fix="choose an id of this split",
            )
    return [Item(split.take([place[wanted]]), from_split=True) for wanted in ids]
