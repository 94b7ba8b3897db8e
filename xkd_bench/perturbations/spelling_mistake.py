"""Spelling mistake: a word as people misspell it."""

from __future__ import annotations

import numpy as np

from xkd_bench.perturbations import nlpaug_engine
from xkd_bench.perturbations.cards import card_beside
from xkd_bench.perturbations.contract import Strength, TextPerturbation
from xkd_bench.perturbations.letters import cased_like, replace_word, words_of


def perturb(text: str, random: np.random.Generator, strength: Strength) -> str | None:
    if strength == "paper":
        return nlpaug_engine.augment("spelling", text, random)
    known = nlpaug_engine.misspellings()
    candidates = [(word, known[word.text.lower()]) for word in words_of(text) if word.text.lower() in known]
    if not candidates:
        return None
    word, mistakes = candidates[random.integers(len(candidates))]
    return replace_word(text, word, cased_like(mistakes[random.integers(len(mistakes))], word.text))


perturbation = TextPerturbation(card=card_beside(__file__), perturb=perturb)
