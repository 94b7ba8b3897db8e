"""Gaussian noise: every pixel and channel moves by an amount of its own."""

from __future__ import annotations

import numpy as np

from xkd_bench.perturbations.cards import card_beside
from xkd_bench.perturbations.contract import ImagePerturbation, Pixels
from xkd_bench.perturbations.pixels import rounded

DEVIATION = 0.08 * 255


def perturb(pixels: Pixels, random: np.random.Generator) -> Pixels:
    return rounded(pixels + random.normal(scale=DEVIATION, size=pixels.shape))


perturbation = ImagePerturbation(card=card_beside(__file__), perturb=perturb)
