"""JPEG: a picture that was saved too small."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image

from xkd_bench.perturbations.cards import card_beside
from xkd_bench.perturbations.contract import ImagePerturbation, Pixels

LEAST, MOST = 15, 30


def perturb(pixels: Pixels, random: np.random.Generator) -> Pixels:
    file = BytesIO()
    quality = int(random.integers(LEAST, MOST + 1))
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling="4:2:0", optimize=False)
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"), dtype=np.uint8)


perturbation = ImagePerturbation(card=card_beside(__file__), perturb=perturb)
