"""Phenomena of nouns: what can be counted, and which article the next sound asks for."""

from __future__ import annotations

from xkd_bench.tasks.grammar import lexicon
from xkd_bench.tasks.grammar.lexicon import article
from xkd_bench.tasks.grammar.pair import Pair, Words, replacing
from xkd_bench.tasks.grammar.phrases import Draw, anyone, place

_VERBS = ("bought", "found", *(verb.past for verb in lexicon.TRANSITIVE))


def countability(draw: Draw) -> Pair:
    """ "many", "fewer", numbers and "a" go with count nouns, "much" with mass nouns.

    "Anna bought too many chairs." / "*Anna bought too much chairs."
    "Anna bought two chairs." / "*Anna bought two furniture."
    """
    before: Words = (*anyone(draw).words, draw.one_of(_VERBS))
    mass, count = draw.one_of(lexicon.MASS), draw.one_of(lexicon.THINGS)
    after = (*place(draw), ".")
    kind = draw.one_of(("quantity", "quantity", "number", "this", "article"))
    if kind == "quantity":
        before = (*before, "too")
        counted = draw.chance(0.75)
        right = (*before, "many" if counted else "much", count.plural if counted else mass, *after)
        if draw.chance(0.5):
            return replacing(right, len(before), "much" if counted else "many")
        return replacing(right, len(before) + 1, mass if counted else count.plural)
    if kind == "number":
        right = (*before, draw.one_of(("fewer", "two", "these", "those")), count.plural, *after)
        return replacing(right, len(before) + 1, mass)
    if kind == "this":
        right = (*before, draw.one_of(("this", "that")), mass, *after)
        if draw.chance(0.5):
            mistakes = ("two", "these", "those", *(["every"] if mass in lexicon.NEVER_COUNTED else []))
            return replacing(right, len(before), draw.one_of(mistakes))
        return replacing(right, len(before) + 1, count.plural)
    mass = draw.one_of(lexicon.NEVER_COUNTED)
    count = draw.one_of(tuple(noun for noun in lexicon.THINGS if article(noun.singular) == article(mass)))
    return replacing((*before, article(mass), count.singular, *after), len(before) + 1, mass)


def article_sound(draw: Draw) -> Pair:
    """ "an" before a vowel sound and "a" before any other; the sound counts, not the letter.

    "An honest man laughed." / "*A honest man laughed."     "Tom found a uniform." / "*Tom found an uniform."
    """
    of_people = draw.chance(0.5)
    noun = draw.one_of(lexicon.PEOPLE if of_people else lexicon.THINGS).singular
    adjective = draw.one_of(lexicon.OF_PEOPLE if of_people else lexicon.OF_THINGS).plain
    kernel = (adjective, noun) if draw.chance(0.6) else (noun,)
    right_article = article(kernel[0])
    wrong_article = "a" if right_article == "an" else "an"
    if of_people and draw.chance(0.5):
        verb = draw.one_of(lexicon.INTRANSITIVE).past
        return replacing((right_article, *kernel, verb, *place(draw), "."), 0, wrong_article)
    before = (*anyone(draw).words, draw.one_of(_VERBS))
    return replacing((*before, right_article, *kernel, *place(draw), "."), len(before), wrong_article)
