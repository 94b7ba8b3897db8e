"""Verb tense change: a verb takes another of its own forms."""

from __future__ import annotations

import numpy as np

from xkd_bench.perturbations.cards import card_beside
from xkd_bench.perturbations.contract import Strength, TextPerturbation
from xkd_bench.perturbations.letters import cased_like, replace_word
from xkd_bench.perturbations.verb_forms import verb_forms
from xkd_bench.perturbations.word_classes import ClassedWord, classed_words


def perturb(text: str, random: np.random.Generator, strength: Strength) -> str | None:
    verbs = [(one, other_forms(one)) for one in classed_words(text) if one.part == "v"]
    verbs = [(one, forms) for one, forms in verbs if forms]
    if not verbs:
        return None
    if strength == "single_edit":
        one, forms = verbs[int(random.integers(len(verbs)))]
        return replace_word(text, one.word, cased_like(forms[int(random.integers(len(forms)))], one.word.text))
    changed = text
    for one, _ in reversed(verbs):
        options = [(one.word.text.lower(),), *verb_forms(one.lemma).values()]
        forms = options[int(random.integers(len(options)))]
        new = forms[int(random.integers(len(forms)))]
        if new != one.word.text.lower():
            changed = replace_word(changed, one.word, cased_like(new, one.word.text))
    return None if changed == text else changed


def other_forms(one: ClassedWord) -> tuple[str, ...]:
    """Base, third person, past, gerund and participle, as far as they differ from the word and from each other."""
    form = one.word.text.lower()
    return tuple(sorted({other for forms in verb_forms(one.lemma).values() for other in forms} - {form}))


perturbation = TextPerturbation(card=card_beside(__file__), perturb=perturb)
