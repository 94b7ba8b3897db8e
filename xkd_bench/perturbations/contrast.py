"""Contrast: all pixels nearer to the picture's mean colour, or farther from it."""

from __future__ import annotations

import numpy as np

from xkd_bench.perturbations.cards import card_beside
from xkd_bench.perturbations.contract import ImagePerturbation, Pixels
from xkd_bench.perturbations.pixels import rounded, sign

LEAST, MOST = 1.5, 2.0  # the factor, or one over it


def perturb(pixels: Pixels, random: np.random.Generator) -> Pixels:
    factor = random.uniform(LEAST, MOST) ** sign(random)
    mean = pixels.mean(axis=(0, 1), keepdims=True)
    return rounded(mean + factor * (pixels - mean))


perturbation = ImagePerturbation(card=card_beside(__file__), perturb=perturb)
