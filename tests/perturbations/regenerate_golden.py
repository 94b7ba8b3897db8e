"""Write golden cases anew: python tests/perturbations/regenerate_golden.py NAME …

Read the difference before it is committed: a golden case changes only where a perturbation was meant to change.
"""

from __future__ import annotations

import json
import sys

import numpy as np
from PIL import Image
from texts import GOLDEN

from xkd_bench.perturbations.registry import card, load
from xkd_bench.randomness import generator

TEXTS = (
    "The sailors rode the breeze clear of the rocks.",
    "it 's a charming and often affecting journey . ",
    "THE TEACHER BELIEVES HER FRIENDS",
    "She didn't receive the well-known author's letter, did she?",
    "Zürich is beautiful; naïve tourists adore it!",
    "Oh.",
    "12 34",
)


def write_texts(name: str) -> None:
    lines = ["# Made by regenerate_golden.py; seed is the word after `golden` of xkd_bench.randomness.generator."]
    for text in TEXTS:
        for strength, seed in (("single_edit", "a"), ("single_edit", "c"), ("paper", "a")):
            found = load(name).perturb(text, generator("golden", seed), strength)
            lines += ["", "[[case]]", f"text = {_quoted(text)}", f'strength = "{strength}"', f'seed = "{seed}"']
            lines += [] if found is None else [f"expected = {_quoted(found)}"]
    (GOLDEN / name / "cases.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_images(name: str) -> None:
    before = picture()
    Image.fromarray(before).save(GOLDEN / name / "before.png")
    for seed in ("a", "c"):
        after = load(name).perturb(before, generator("golden", seed))
        Image.fromarray(after).save(GOLDEN / name / f"after_{seed}.png")


def picture() -> np.ndarray:
    """A disc on a slope of colours, 24 × 32."""
    rows, columns = np.mgrid[:24, :32]
    red, green = rows * 10, columns * 7
    blue = np.where((rows - 11) ** 2 + (columns - 17) ** 2 < 49, 220, 40)
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        (GOLDEN / name).mkdir(parents=True, exist_ok=True)
        (write_images if card(name).modality == "image" else write_texts)(name)
