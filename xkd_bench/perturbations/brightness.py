"""Brightness: all pixels lighter, or all darker."""

from __future__ import annotations

import numpy as np

from xkd_bench.perturbations.cards import card_beside
from xkd_bench.perturbations.contract import ImagePerturbation, Pixels
from xkd_bench.perturbations.pixels import rounded, sign

LEAST, MOST = 0.1 * 255, 0.2 * 255


def perturb(pixels: Pixels, random: np.random.Generator) -> Pixels:
    return rounded(pixels + sign(random) * random.uniform(LEAST, MOST))


perturbation = ImagePerturbation(card=card_beside(__file__), perturb=perturb)
