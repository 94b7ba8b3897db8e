"""The examples of one split, in canonical form and order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xkd_bench.tasks.card import TaskCard


class TextInput(NamedTuple):
    """One text, or a pair of texts."""

    text: str
    text_pair: str | None = None


class ImageInput(NamedTuple):
    """One image: pixels (height, width, 3), uint8."""

    pixels: NDArray[np.uint8]


Input = TextInput | ImageInput


@dataclass(frozen=True)
class Examples:
    """n examples of one split, sorted by id, so that the order of the rows in a file never matters.

    labels: (n,) int64 class indices in the task's order (−1 where hidden), or float64 targets (NaN where hidden).
    clusters: (n,) names of what examples share, or None. slices: name → (n,) mask.
    twins: ids of what makes a minimal pair with each example, None where the task has no pairs.
    fingerprint: of the whole split, also where these are a part of it.
    """

    task: TaskCard
    split: str
    example_ids: tuple[str, ...]
    inputs: tuple[Input, ...]
    labels: NDArray[Any]
    fingerprint: str
    clusters: NDArray[Any] | None
    slices: dict[str, NDArray[np.bool_]]
    twins: tuple[str | None, ...] | None = None

    def __len__(self) -> int:
        return len(self.example_ids)

    def take(self, positions: Sequence[int]) -> Examples:
        """The examples at these positions, in this order."""
        index = np.asarray(positions, dtype=np.int64)
        return replace(
            self,
            example_ids=tuple(self.example_ids[i] for i in index),
            inputs=tuple(self.inputs[i] for i in index),
            labels=self.labels[index],
            clusters=None if self.clusters is None else self.clusters[index],
            slices={name: mask[index] for name, mask in self.slices.items()},
            twins=None if self.twins is None else tuple(self.twins[i] for i in index),
        )


def id_order(example_id: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts `2` before `10` and `0-2-1` before `0-10-0`."""
    parts = example_id.split("-")
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)


def fingerprint(task: TaskCard, example_ids: Sequence[str], inputs: Sequence[Input], labels: NDArray[Any]) -> str:
    """sha256 over the canonical rows: a line of JSON `[id, input, …, label]` each, in order of id.

    A class is written by its name, a target with 17 digits, an image as the sha256 of its shape and pixels.
    """
    digest = hashlib.sha256(f"xkd-bench rows 1 {task.kind}\n".encode())
    for position in sorted(range(len(example_ids)), key=lambda i: id_order(example_ids[i])):
        digest.update(_line([example_ids[position], *_content(inputs[position]), _written(task, labels[position])]))
    return f"sha256:{digest.hexdigest()}"


def canonical_line(example_id: str, row: Input) -> bytes:
    """An example without its label as a line of bytes, for a digest of several: JSON `[id, input, …]`."""
    return _line([example_id, *_content(row)])


def _content(row: Input) -> list[Any]:
    if isinstance(row, TextInput):
        return [row.text, row.text_pair]
    pixels = np.ascontiguousarray(row.pixels)
    return [hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()]


def _line(content: list[Any]) -> bytes:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass") + b"\n"


def _written(task: TaskCard, label: Any) -> str | None:
    if task.kind == "regression":
        return None if np.isnan(label) else format(float(label), ".17g")
    return None if label < 0 else task.labels[int(label)]
