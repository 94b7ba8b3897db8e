"""What a perturbation is: one input in, the same input changed a little out, or None where it cannot be applied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Modality = Literal["text", "image"]
# `single_edit`: exactly one letter, one word or one pair of neighbours. `paper`: the rates of the papers' own library.
# Images have one severity each, which its card states.
Strength = Literal["single_edit", "paper"]
Pixels = NDArray[np.uint8]

# (text, randomness of this very draw, strength) → another text; None where nothing in the text can be changed so.
PerturbText = Callable[[str, np.random.Generator, Strength], str | None]
# (pixels (height, width, 3), randomness of this very draw) → pixels of the same shape.
PerturbPixels = Callable[[Pixels, np.random.Generator], Pixels]


@dataclass(frozen=True)
class PerturbationCard:
    """What listings show. single_edit, paper: what it does at each strength; an image's only severity stands in
    `single_edit`, and `paper` is empty."""

    name: str
    title: str
    summary: str
    modality: Modality
    single_edit: str
    paper: str
    citation: str


@dataclass(frozen=True)
class TextPerturbation:
    """A perturbation of texts; of a pair, one of the two is handed in.

    Everything random comes from the generator it is given: the same text and stream give the same result in any
    process.
    """

    card: PerturbationCard
    perturb: PerturbText


@dataclass(frozen=True)
class ImagePerturbation:
    """A perturbation of images, applicable to every image."""

    card: PerturbationCard
    perturb: PerturbPixels


Perturbation = TextPerturbation | ImagePerturbation
