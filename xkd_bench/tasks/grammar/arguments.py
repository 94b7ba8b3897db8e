"""Phenomena of what a verb asks for: objects, and prepositions before them."""

from __future__ import annotations

from xkd_bench.tasks.grammar import lexicon
from xkd_bench.tasks.grammar.pair import Pair, Words, deleting, inserting, replacing
from xkd_bench.tasks.grammar.phrases import Draw, anyone, noun_phrase, one_word_object, place, thing


def argument_structure(draw: Draw) -> Pair:
    """A verb stands with as many objects as it asks for: none, one, or two.

    "Anna ignored him." / "*Anna ignored."     "Anna slept." / "*Anna slept him."
    "Anna gave Tom a book." / "*Anna mentioned Tom a book."
    """
    if draw.chance(0.6):
        return _one_object_or_none(draw)
    return draw.one_of((_two_objects, _recipient_with_to, _put))(draw)


def _one_object_or_none(draw: Draw) -> Pair:
    subject = anyone(draw).words
    position = len(subject)
    transitive, intransitive = draw.one_of(lexicon.TRANSITIVE).past, draw.one_of(lexicon.INTRANSITIVE).past
    after = place(draw)
    if draw.chance(0.75):
        right = (*subject, transitive, one_word_object(draw), *after, ".")
        if draw.chance(0.5):
            return deleting(right, position + 1)
        return replacing(right, position, intransitive)
    right = (*subject, intransitive, *after, ".")
    if draw.chance(0.5):
        return inserting(right, position + 1, one_word_object(draw))
    return replacing(right, position, transitive)


def _two_objects(draw: Draw) -> Pair:
    """ "gave Tom a book", but "*explained Tom a book"."""
    subject = anyone(draw).words
    gift = noun_phrase(draw, draw.one_of(lexicon.GIFTS), draw.chance(0.3))
    right = (*subject, draw.one_of(lexicon.DATIVE), one_word_object(draw), *gift, ".")
    return replacing(right, len(subject), draw.one_of(lexicon.TO_DATIVE))


def _recipient_with_to(draw: Draw) -> Pair:
    """ "gave a book to Tom" and "explained a book to Tom", but "*gave a book Tom"."""
    verb = draw.one_of(lexicon.TO_DATIVE if draw.chance(0.5) else lexicon.DATIVE)
    before = (*anyone(draw).words, verb, *noun_phrase(draw, draw.one_of(lexicon.GIFTS), draw.chance(0.3)))
    return deleting((*before, "to", one_word_object(draw), "."), len(before))


def _put(draw: Draw) -> Pair:
    """ "put the cup there", but "*put the cup"."""
    before = (*anyone(draw).words, "put", *thing(draw, draw.chance(0.5)))
    return deleting((*before, draw.one_of(("here", "there")), "."), len(before))


def preposition_requirement(draw: Draw) -> Pair:
    """Some verbs ask for a preposition before what they are about, others for an object without one.

    "Tom relied on the doctor." / "*Tom relied the doctor."
    "Tom admired the doctor." / "*Tom admired at the doctor."
    """
    subject = anyone(draw).words
    target: Words = (one_word_object(draw),)
    if draw.chance(0.5):
        target = noun_phrase(draw, draw.one_of(lexicon.PEOPLE), draw.chance(0.5))
    position = len(subject) + 1
    verb, preposition = draw.one_of(lexicon.PREPOSITIONAL)
    direct = draw.one_of(lexicon.TRANSITIVE).past
    if draw.chance(0.75):
        right = (*subject, verb, preposition, *target, ".")
        return deleting(right, position) if draw.chance(0.5) else replacing(right, position - 1, direct)
    right = (*subject, direct, *target, ".")
    return inserting(right, position, preposition) if draw.chance(0.5) else replacing(right, position - 1, verb)
