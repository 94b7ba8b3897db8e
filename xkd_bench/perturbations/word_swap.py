"""Adjacent word swap: two neighbours in each other's place."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from xkd_bench.perturbations import nlpaug_engine
from xkd_bench.perturbations.cards import card_beside
from xkd_bench.perturbations.contract import Strength, TextPerturbation
from xkd_bench.perturbations.letters import words_of
from xkd_bench.tasks.words import Unit

APOSTROPHES = "'’"


def perturb(text: str, random: np.random.Generator, strength: Strength) -> str | None:
    if strength == "paper":
        return nlpaug_engine.augment("swap", text, random)
    pairs = [pair for pair in pairwise(words_of(text)) if _are_neighbours(text, *pair)]
    if not pairs:
        return None
    left, right = pairs[random.integers(len(pairs))]
    first, second = right.text, left.text
    if not text[: left.start].strip() and _is_capitalised(left.text) and right.text.islower():
        # The capital belongs to the beginning of the sentence and not to the word.
        first, second = first.capitalize(), second.lower()
    return text[: left.start] + first + text[left.end : right.start] + second + text[right.end :]


def _are_neighbours(text: str, left: Unit, right: Unit) -> bool:
    """Whether only white space lies between two different words, and neither is the end of another ("it 's")."""
    tails = [word.start > 0 and text[word.start - 1] in APOSTROPHES for word in (left, right)]
    return not text[left.end : right.start].strip() and not any(tails) and left.text.lower() != right.text.lower()


def _is_capitalised(word: str) -> bool:
    return len(word) > 1 and word[0].isupper() and word[1:].islower()


perturbation = TextPerturbation(card=card_beside(__file__), perturb=perturb)
