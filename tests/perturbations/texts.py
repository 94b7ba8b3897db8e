"""Texts on which perturbations are tried, and the golden cases beside them."""

from __future__ import annotations

import tomllib
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"

ODD_TEXTS = {
    "empty": "",
    "white space": " \t\n ",
    "one letter": "a",
    "one word": "understood",
    "punctuation": "... ?! --",
    "all capitals": "THE TEACHER WROTE A LONG LETTER TO HIS FRIEND",
    "emoji": "👍🏽 ❤️❤️ 👩‍👧 😀😀",
    "emoji among words": "The teacher 👍🏽 writes her friends a letter ❤️.",
    "right to left": "שלום עולם! بِسْمِ اللَّهِ",
    "combining marks": "Cafe\u0301 owners nai\u0308vely believe their friends.",
    "10,000 characters": "The teacher wrote a long letter to his friend, and she believes it. " * 150,
    "one word of 10,000 letters": "because" * 1429,
}


def golden_cases(name: str) -> list[dict[str, str]]:
    """Cases of a perturbation: text, strength, seed and expected, which is left out where nothing can be changed."""
    return tomllib.loads((GOLDEN / name / "cases.toml").read_text(encoding="utf-8"))["case"]
