"""A model's logits for inputs with some of their units masked: what the probes `coalitions` and `masking` ask alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from xkd_bench.explainers.coalitions import BoolArray
from xkd_bench.explainers.masked_text import DELETE, distinct, masked_texts
from xkd_bench.explainers.patches import Grid, ImageFill, Patch, fill_image, grid_of, masked_images, patches_of
from xkd_bench.metrics.contract import FloatArray
from xkd_bench.models.classifier import Classifier
from xkd_bench.probes.predictions import DECIMALS
from xkd_bench.tasks.examples import ImageInput, Input, TextInput
from xkd_bench.tasks.words import Unit, units_of, within_words

IMAGES_AT_ONCE = 256  # maskings of images that are held at a time, prepared: 150 MB of 224×224 pixels
PIXELS_AT_ONCE = IMAGES_AT_ONCE * 1_000_000  # and as they are in the data: 800 MB, of photographs fewer at a time

TextFill = Literal["delete", "mask"]
Fill = TextFill | ImageFill
Units = tuple[Unit, ...] | tuple[Patch, ...]


@dataclass(frozen=True)
class Filling:
    """What takes a masked unit's place: `delete` a word, or `mask`: put the model's own mask token there; a patch gets
    the `mean` colour of the task's images, or the image's own `blur`. grid, mean_colour: of images."""

    fill: Fill = "delete"
    grid: Grid | None = None
    mean_colour: tuple[float, ...] = ()

    def key(self) -> dict[str, Any]:
        """What of it a row depends on."""
        if self.grid is None:
            return {"fill": self.fill}
        return {"fill": self.fill, "grid": list(self.grid), "mean_colour": list(self.mean_colour)}


@dataclass(frozen=True)
class Asked:
    """Maskings (m, n), True where kept, of the n units of one input."""

    input: Input
    units: Units
    masks: BoolArray

    @property
    def words(self) -> list[Unit]:
        return [unit for unit in self.units if isinstance(unit, Unit)]


def input_and_units(row: Input, max_length: int, grid: Grid | None) -> tuple[Input, Units]:
    """What is explained of an example, and its units: a text's words within the window, an image's patches."""
    if isinstance(row, TextInput):
        text = within_words(row, max_length)
        return text, units_of(text)
    if grid is None:
        raise ValueError("expected the grid of the patches of an image, found none")
    return row, patches_of(row, grid)


def ask(
    model: Classifier, asked: Sequence[Asked], filling: Filling, advance: Callable[[int], None]
) -> list[FloatArray] | None:
    """Logits (m, C) of each example's maskings, rounded; None where the model has no token to fill with.

    Equal texts, within and across the examples, run once. `advance` hears of every masking.
    """
    if filling.grid is not None:
        return [_of_image(model, one, filling, advance) for one in asked]
    token = DELETE if filling.fill == "delete" else model.encoder.mask_token
    if token is None:
        return None
    texts = [
        text
        for one in asked
        if isinstance(one.input, TextInput)
        for text in masked_texts(one.input, one.words, one.masks, token)
    ]
    unique, inverse = distinct(texts)
    logits = np.round(model.logits(unique, _Scaled(advance, len(texts) / max(1, len(unique))))[inverse], DECIMALS)
    ends = np.cumsum([len(one.masks) for one in asked])
    return np.split(logits, ends[:-1])


def _of_image(model: Classifier, asked: Asked, filling: Filling, advance: Callable[[int], None]) -> FloatArray:
    """Logits (m, C) of the maskings of one image, some at a time: prepared for a model, an image fills a megabyte."""
    assert isinstance(asked.input, ImageInput)
    assert filling.grid is not None
    fill: ImageFill = "blur" if filling.fill == "blur" else "mean"
    grid = grid_of(asked.input, filling.grid)
    filled = fill_image(asked.input, grid, fill, np.asarray(filling.mean_colour))
    height, width = asked.input.pixels.shape[:2]
    at_once = max(1, min(IMAGES_AT_ONCE, PIXELS_AT_ONCE // (height * width)))
    parts = [asked.masks[start : start + at_once] for start in range(0, len(asked.masks), at_once)]
    found = [model.logits(masked_images(asked.input, grid, part, filled), advance) for part in parts]
    return np.asarray(np.round(np.concatenate(found), DECIMALS), dtype=np.float64)


class _Scaled:
    """Progress counts maskings, of which several may be one text: whole numbers that add up to count · scale."""

    def __init__(self, advance: Callable[[int], None], scale: float) -> None:
        self._advance, self._scale = advance, scale
        self._asked = self._told = 0

    def __call__(self, count: int) -> None:
        self._asked += count
        due = round(self._asked * self._scale) - self._told
        self._told += due
        self._advance(due)
