"""Gaussian blur: a picture out of focus."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from xkd_bench.perturbations.cards import card_beside
from xkd_bench.perturbations.contract import ImagePerturbation, Pixels
from xkd_bench.perturbations.pixels import rounded, shorter_side

LEAST, MOST = 0.02, 0.03  # of the shorter side


def perturb(pixels: Pixels, random: np.random.Generator) -> Pixels:
    sigma = random.uniform(LEAST, MOST) * shorter_side(pixels)
    return rounded(gaussian_filter(pixels.astype(np.float64), (sigma, sigma, 0), mode="nearest"))


perturbation = ImagePerturbation(card=card_beside(__file__), perturb=perturb)
