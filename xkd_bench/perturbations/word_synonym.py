"""Synonym replacement: a word makes way for another of one of its WordNet synsets."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from xkd_bench.perturbations.cards import card_beside
from xkd_bench.perturbations.contract import Strength, TextPerturbation
from xkd_bench.perturbations.letters import cased_like, replace_word
from xkd_bench.perturbations.lexicon import Part, entry
from xkd_bench.perturbations.word_classes import AUXILIARY_LEMMAS, ClassedWord, classed_words

PAPER_SHARE, PAPER_MOST = 0.3, 10  # of the words, as nlpaug's SynonymAug


def perturb(text: str, random: np.random.Generator, strength: Strength) -> str | None:
    candidates = [(one, synonyms) for one in classed_words(text) if (synonyms := inflected_synonyms(one))]
    if not candidates:
        return None
    wanted = 1 if strength == "single_edit" else min(PAPER_MOST, math.ceil(PAPER_SHARE * len(text.split())))
    places = random.permutation(len(candidates))[:wanted]
    for place in sorted(places.tolist(), reverse=True):  # from the end, so that what stands before keeps its place
        one, synonyms = candidates[place]
        new = synonyms[int(random.integers(len(synonyms)))]
        text = replace_word(text, one.word, cased_like(new, one.word.text))
    return text


def inflected_synonyms(one: ClassedWord) -> tuple[str, ...]:
    """Other words of the synsets of its lemma and class, in its own form; none for be, have and do."""
    if one.part == "v" and one.lemma in AUXILIARY_LEMMAS:
        return ()
    return _inflected(one.lemma, one.part, one.tag, one.word.text.lower())


@lru_cache(maxsize=65536)
def _inflected(lemma: str, part: Part, tag: str, form: str) -> tuple[str, ...]:
    from lemminflect import getInflection

    known = entry(lemma, part)
    forms = {found[0] for other in (known.synonyms if known else ()) if (found := getInflection(other, tag))}
    return tuple(sorted(new for new in forms if new.isalpha() and new != form))


perturbation = TextPerturbation(card=card_beside(__file__), perturb=perturb)
