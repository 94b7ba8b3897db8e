"""Phenomena of agreement: verb with subject, determiner with noun, reflexive with its antecedent."""

from __future__ import annotations

from xkd_bench.tasks.grammar import lexicon
from xkd_bench.tasks.grammar.lexicon import Noun
from xkd_bench.tasks.grammar.pair import Pair, Words, replacing
from xkd_bench.tasks.grammar.phrases import (
    PLURAL,
    Draw,
    Subject,
    anyone,
    noun_phrase,
    one_word_object,
    person,
    place,
    thing,
)


def subject_verb_agreement(draw: Draw) -> Pair:
    """A finite verb agrees in number with its subject, whatever noun stands between them.

    "The keys near the box are old." / "*The keys near the box is old."
    """
    if draw.chance(0.3):
        plural = draw.chance(PLURAL)
        subject, adjectives = Subject(thing(draw, plural), plural), lexicon.OF_THINGS
        kind = "be"
    else:
        subject, adjectives = anyone(draw), lexicon.OF_PEOPLE
        kind = draw.one_of(("be", "have", "intransitive", "transitive"))
    words = subject.words
    if len(words) > 1 and draw.chance(0.25):
        other = draw.one_of((thing, person))(draw, draw.chance(0.3) == subject.plural)
        words = (*words, draw.one_of(lexicon.NEARNESS), *other)
    rest: Words
    if kind == "be":
        forms, rest = draw.one_of((("is", "are"), ("was", "were"))), (draw.one_of(adjectives).plain,)
    elif kind == "have":
        forms, rest = ("has", "have"), (draw.one_of(lexicon.INTRANSITIVE).participle, *place(draw))
    elif kind == "intransitive":
        verb = draw.one_of(lexicon.INTRANSITIVE)
        forms, rest = (verb.third, verb.base), place(draw)
    else:
        verb = draw.one_of(lexicon.TRANSITIVE)
        forms, rest = (verb.third, verb.base), (one_word_object(draw),)
    right = (*words, forms[subject.plural], *rest, ".")
    return replacing(right, len(words), forms[not subject.plural])


def determiner_noun_agreement(draw: Draw) -> Pair:
    """A determiner that has a number has that of its noun, whether or not an adjective stands between them.

    "Tom admired these chairs." / "*Tom admired these chair."
    """
    of_people = draw.chance(0.5)
    noun = draw.one_of(lexicon.PEOPLE if of_people else lexicon.THINGS)
    adjective = draw.one_of(lexicon.OF_PEOPLE if of_people else lexicon.OF_THINGS).plain
    between = (adjective,) if draw.chance(0.2) else ()
    plural = draw.chance(PLURAL)
    determiner = draw.one_of(lexicon.PLURAL_DETERMINERS if plural else lexicon.SINGULAR_DETERMINERS)
    phrase = (determiner, *between, noun.form(plural))
    if of_people and draw.chance(0.5):
        start, right = 0, (*phrase, draw.one_of(lexicon.INTRANSITIVE).past, *place(draw), ".")
    else:
        before = (*anyone(draw).words, draw.one_of(lexicon.TRANSITIVE).past)
        start, right = len(before), (*before, *phrase, ".")
    if draw.chance(0.5):
        return replacing(right, start, _of_other_number(draw, determiner))
    return replacing(right, start + len(phrase) - 1, noun.form(not plural))


def _of_other_number(draw: Draw, determiner: str) -> str:
    """The other of this/these or that/those; any of the other number for the rest."""
    for pair in lexicon.DEMONSTRATIVES:
        if determiner in pair:
            return pair[1 - pair.index(determiner)]
    return "every" if determiner in lexicon.PLURAL_DETERMINERS else draw.one_of(("many", "two"))


def reflexive_agreement(draw: Draw) -> Pair:
    """A reflexive agrees in number and gender with the subject, not with a noun that stands nearer.

    "The queen near the boy admired herself." / "*The queen near the boy admired himself."
    """
    agreement, words = _antecedent(draw)
    others = tuple(name for name in lexicon.REFLEXIVES if name != agreement)
    # The likelier mistake is of gender. A name never has "themselves": a person may go by "they".
    mistaken = others[draw.chance(0.25) and words[0] not in lexicon.NAMES]
    if len(words) > 1 and draw.chance(0.25):
        words = (*words, draw.one_of(lexicon.NEARNESS), *_attractor(draw, mistaken))
    before = (*words, draw.one_of(lexicon.TRANSITIVE).past)
    right = (*before, lexicon.REFLEXIVES[agreement], *place(draw), ".")
    return replacing(right, len(before), lexicon.REFLEXIVES[mistaken])


def _antecedent(draw: Draw) -> tuple[str, Words]:
    """A subject, and what its reflexive must be: feminine, masculine or plural."""
    if draw.chance(0.35):
        return draw.one_of(
            (
                ("feminine", ("she",)),
                ("masculine", ("he",)),
                ("plural", ("they",)),
                ("feminine", (draw.one_of(lexicon.WOMEN),)),
                ("feminine", (draw.one_of(lexicon.WOMEN),)),
                ("masculine", (draw.one_of(lexicon.MEN),)),
            )
        )
    if draw.chance(PLURAL):
        return "plural", noun_phrase(draw, draw.one_of(lexicon.PEOPLE), True)
    # Not after "every" or "a": "every man ... themselves" is in use.
    gender = "masculine" if draw.chance(0.3) else "feminine"
    noun = draw.one_of(tuple(noun for noun in lexicon.GENDERED_PEOPLE if noun.gender == gender))
    return noun.gender, (draw.one_of(("the", "this", "that")), noun.singular)


def _attractor(draw: Draw, agreement: str) -> Words:
    """A phrase with which the mistaken reflexive would agree."""
    if agreement == "plural":
        return ("the", draw.one_of(lexicon.PEOPLE).plural)
    nouns: tuple[Noun, ...] = tuple(noun for noun in lexicon.GENDERED_PEOPLE if noun.gender == agreement)
    return ("the", draw.one_of(nouns).singular)
