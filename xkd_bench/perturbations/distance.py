"""How far a perturbation moved an input, in units that compare perturbations of unlike strength."""

from __future__ import annotations

from typing import Literal

import numpy as np
from rapidfuzz.distance import Levenshtein

from xkd_bench.tasks.examples import ImageInput, Input, TextInput
from xkd_bench.tasks.words import units_of

DistanceUnit = Literal["characters", "words", "pixels"]


def distances(before: Input, after: Input) -> dict[DistanceUnit, float]:
    """Of a text the Levenshtein distance over `characters` and over canonical `words` (punctuation marks are words
    too), both segments together; of an image the mean absolute change of `pixels`, 0 … 1."""
    if isinstance(before, ImageInput) and isinstance(after, ImageInput):
        moved = np.abs(before.pixels.astype(np.float64) - after.pixels.astype(np.float64))
        return {"pixels": float(moved.mean() / 255)}
    assert isinstance(before, TextInput)
    assert isinstance(after, TextInput)
    segments = [(before.text, after.text), (before.text_pair or "", after.text_pair or "")]
    return {
        "characters": sum(Levenshtein.distance(old, new) for old, new in segments),
        "words": sum(Levenshtein.distance(_words(old), _words(new)) for old, new in segments),
    }


def _words(segment: str) -> list[str]:
    return [unit.text for unit in units_of(TextInput(segment))]
