"""What perturbations of images have in common."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xkd_bench.perturbations.contract import Pixels


def rounded(values: NDArray[Any]) -> Pixels:
    """Values as pixels: the nearest whole numbers from 0 to 255."""
    return np.asarray(np.clip(np.rint(values), 0, 255), dtype=np.uint8)


def shorter_side(pixels: Pixels) -> int:
    return int(min(pixels.shape[:2]))


def sign(random: np.random.Generator) -> int:
    """1 or −1, as likely."""
    return 1 if random.integers(2) else -1
