"""Shift: the camera moved a little."""

from __future__ import annotations

import numpy as np

from xkd_bench.perturbations.cards import card_beside
from xkd_bench.perturbations.contract import ImagePerturbation, Pixels
from xkd_bench.perturbations.pixels import shorter_side

DISTANCE = 0.125  # of the shorter side, and at least a pixel


def perturb(pixels: Pixels, random: np.random.Generator) -> Pixels:
    distance = max(1, round(DISTANCE * shorter_side(pixels)))
    angle = random.uniform(0, 2 * np.pi)
    down, right = round(distance * np.sin(angle)), round(distance * np.cos(angle))
    rows = np.clip(np.arange(pixels.shape[0]) - down, 0, pixels.shape[0] - 1)
    columns = np.clip(np.arange(pixels.shape[1]) - right, 0, pixels.shape[1] - 1)
    return np.ascontiguousarray(pixels[rows[:, np.newaxis], columns])


perturbation = ImagePerturbation(card=card_beside(__file__), perturb=perturb)
