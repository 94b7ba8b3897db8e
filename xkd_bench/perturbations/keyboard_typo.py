"""Keyboard typo: a letter becomes one that lies beside it on a QWERTY keyboard."""

from __future__ import annotations

import numpy as np

from xkd_bench.perturbations import nlpaug_engine
from xkd_bench.perturbations.cards import card_beside
from xkd_bench.perturbations.contract import Strength, TextPerturbation
from xkd_bench.perturbations.letters import replace_letter


def perturb(text: str, random: np.random.Generator, strength: Strength) -> str | None:
    if strength == "paper":
        return nlpaug_engine.augment("keyboard", text, random)
    return replace_letter(text, random, nlpaug_engine.keyboard_neighbours().__getitem__)


perturbation = TextPerturbation(card=card_beside(__file__), perturb=perturb)
