"""Draws of words, and the noun phrases that all phenomena share. Every phrase here is right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from xkd_bench.tasks.grammar import lexicon
from xkd_bench.tasks.grammar.lexicon import Adjective, Noun
from xkd_bench.tasks.grammar.pair import Words

Item = TypeVar("Item")


# Chance of a plural subject. The common case of each contrast is drawn more often than the rare one, as in text:
# that gives single words a little weight, without which a small model needs far longer to find the relations.
PLURAL = 0.25


class Draw:
    """Choices from one stream of random numbers."""

    def __init__(self, stream: np.random.Generator) -> None:
        self._stream = stream

    def one_of(self, items: Sequence[Item]) -> Item:
        return items[int(self._stream.random() * len(items))]

    def chance(self, probability: float) -> bool:
        return bool(self._stream.random() < probability)


class Subject(NamedTuple):
    """The words of a subject, and its number."""

    words: Words
    plural: bool


def noun_phrase(draw: Draw, noun: Noun, plural: bool, adjectives: Sequence[Adjective] = ()) -> Words:
    """The noun with a determiner of its number and, one time in five where some are given, an adjective."""
    kernel: Words = (noun.form(plural),)
    if adjectives and draw.chance(0.2):
        kernel = (draw.one_of(adjectives).plain, *kernel)
    if draw.chance(0.6):
        return ("the", *kernel)
    if plural:
        return (draw.one_of(lexicon.PLURAL_DETERMINERS), *kernel)
    determiner = lexicon.article(kernel[0]) if draw.chance(0.5) else draw.one_of(("this", "that", "every"))
    return (determiner, *kernel)


def person(draw: Draw, plural: bool) -> Words:
    """A phrase such as "the old doctor" or "those girls"."""
    return noun_phrase(draw, draw.one_of(lexicon.PEOPLE), plural, lexicon.OF_PEOPLE)


def thing(draw: Draw, plural: bool) -> Words:
    """A phrase such as "a useful book" or "two keys"."""
    return noun_phrase(draw, draw.one_of(lexicon.THINGS), plural, lexicon.OF_THINGS)


def anyone(draw: Draw) -> Subject:
    """A person as a subject: a name, a pronoun or a noun phrase."""
    plural = draw.chance(PLURAL)
    if draw.chance(0.25):
        pronouns = lexicon.PLURAL_PRONOUNS if plural else lexicon.SINGULAR_PRONOUNS
        return Subject((draw.one_of(pronouns),), plural)
    if not plural and draw.chance(0.4):
        return Subject((draw.one_of(lexicon.NAMES),), False)
    return Subject(person(draw, plural), plural)


def one_word_object(draw: Draw) -> str:
    """A person as an object of one word."""
    return draw.one_of(lexicon.NAMES if draw.chance(0.5) else lexicon.OBJECT_PRONOUNS)


def place(draw: Draw, probability: float = 0.25) -> Words:
    """A phrase such as "in the garden" or "here", or nothing."""
    if not draw.chance(probability):
        return ()
    return (draw.one_of(("here", "there")),) if draw.chance(0.2) else ("in", "the", draw.one_of(lexicon.PLACES))
