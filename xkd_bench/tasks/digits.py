"""demo/digits: scikit-learn's bundled handwritten digits, 1,797 grey images of 8×8 pixels. No download."""

from __future__ import annotations

from typing import Any

import numpy as np

from xkd_bench.randomness import hash_order

VALIDATION_ROWS = 360


def generate(split: str) -> list[dict[str, Any]]:
    """Rows `{id, image, label}` of `train` (1,437) or `validation` (360), split by a hash of the row's number.

    image: (8, 8, 3) uint8; scikit-learn's 0…16 become 0…255, the same in the three channels.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    ids = [str(row) for row in range(len(digits.target))]
    order = hash_order(ids, "demo/digits", "split")
    parts = {"validation": sorted(order[:VALIDATION_ROWS]), "train": sorted(order[VALIDATION_ROWS:])}
    pixels = np.round(digits.images * (255 / 16)).astype(np.uint8)
    return [
        {
            "id": ids[row],
            "image": np.repeat(pixels[row][:, :, None], 3, axis=2),
            "label": int(digits.target[row]),
        }
        for row in parts[split]
    ]
