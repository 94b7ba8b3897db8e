"""Write the golden cases of perturbations of texts anew: python tests/perturbations/regenerate_golden.py NAME …

Read the difference before it is committed: a golden case changes only where a perturbation was meant to change.
"""

from __future__ import annotations

import json
import sys

from texts import GOLDEN

from xkd_bench.perturbations.registry import load
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


def write(name: str) -> None:
    lines = ["# Made by regenerate_golden.py; seed is the word after `golden` of xkd_bench.randomness.generator."]
    for text in TEXTS:
        for strength, seed in (("single_edit", "a"), ("single_edit", "c"), ("paper", "a")):
            found = load(name).perturb(text, generator("golden", seed), strength)
            lines += ["", "[[case]]", f"text = {_quoted(text)}", f'strength = "{strength}"', f'seed = "{seed}"']
            lines += [] if found is None else [f"expected = {_quoted(found)}"]
    folder = GOLDEN / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cases.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write(name)
