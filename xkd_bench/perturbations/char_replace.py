"""Random letter substitution: a slip of no particular kind."""

from __future__ import annotations

import string

import numpy as np

from xkd_bench.perturbations import nlpaug_engine
from xkd_bench.perturbations.cards import card_beside
from xkd_bench.perturbations.contract import Strength, TextPerturbation
from xkd_bench.perturbations.letters import replace_letter


def perturb(text: str, random: np.random.Generator, strength: Strength) -> str | None:
    if strength == "paper":
        return nlpaug_engine.augment("random_char", text, random)
    return replace_letter(text, random, lambda old: [letter for letter in string.ascii_lowercase if letter != old])


perturbation = TextPerturbation(card=card_beside(__file__), perturb=perturb)
