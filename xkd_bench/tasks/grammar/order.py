"""Phenomena of order: words within a clause, and the auxiliary of a question."""

from __future__ import annotations

from xkd_bench.tasks.grammar import lexicon
from xkd_bench.tasks.grammar.lexicon import Verb
from xkd_bench.tasks.grammar.pair import Pair, swapping
from xkd_bench.tasks.grammar.phrases import Draw, anyone


def word_order(draw: Draw) -> Pair:
    """Determiner before adjective before noun; subject before verb before object; preposition before its phrase.

    "The old king slept." / "*The king old slept."     "Tom admired the book." / "*Tom the admired book."
    """
    return draw.one_of((_adjective_and_noun, _object_phrase, _subject_and_verb, _prepositional_phrase, _adverb))(draw)


def _adjective_and_noun(draw: Draw) -> Pair:
    """In a subject, where an adjective after the noun cannot be the state the object is left in."""
    noun, adjective = draw.one_of(lexicon.PEOPLE).form(draw.chance(0.5)), draw.one_of(lexicon.OF_PEOPLE).plain
    verb = draw.one_of(lexicon.INTRANSITIVE).past
    right = ("the", adjective, noun, verb, "in", "the", draw.one_of(lexicon.PLACES), ".")
    return swapping(right, draw.one_of((0, 1)))


def _object_phrase(draw: Draw) -> Pair:
    subject = anyone(draw).words
    noun = draw.one_of(lexicon.THINGS).form(draw.chance(0.5))
    right = (*subject, draw.one_of(lexicon.TRANSITIVE).past, "the", noun, ".")
    return swapping(right, len(subject) + draw.one_of((0, 1)))


def _subject_and_verb(draw: Draw) -> Pair:
    noun = draw.one_of(lexicon.PEOPLE).form(draw.chance(0.5))
    right = ("the", noun, draw.one_of(lexicon.TRANSITIVE).past, draw.one_of(lexicon.NAMES), ".")
    return swapping(right, draw.one_of((0, 1)))


def _prepositional_phrase(draw: Draw) -> Pair:
    subject = anyone(draw).words
    right = (*subject, draw.one_of(lexicon.INTRANSITIVE).past, "in", "the", draw.one_of(lexicon.PLACES), ".")
    return swapping(right, len(subject) + draw.one_of((1, 2)))


def _adverb(draw: Draw) -> Pair:
    """ "never admired the book", but "*admired never the book"."""
    subject = anyone(draw).words
    noun = draw.one_of(lexicon.THINGS).form(draw.chance(0.5))
    adverb = draw.one_of(("never", "always"))
    right = (*subject, adverb, draw.one_of(lexicon.TRANSITIVE).past, "the", noun, ".")
    return swapping(right, len(subject))


def question_inversion(draw: Draw) -> Pair:
    """The auxiliary stands before the subject in a question, and after it in a question within a statement.

    "Where will Tom sleep?" / "*Where Tom will sleep?"
    "She knows where Tom will sleep." / "*She knows where will Tom sleep."
    """
    person = draw.one_of((*lexicon.NAMES, *lexicon.SINGULAR_PRONOUNS))
    word = draw.one_of(("where", "when", "why"))
    verb = draw.one_of(lexicon.INTRANSITIVE)
    if draw.chance(0.7):
        auxiliary = draw.one_of(("did", "will", "can", "must", "is", "was", "had"))
        return swapping((word, auxiliary, person, _after(auxiliary, verb), "?"), 1)
    knower = anyone(draw)
    know = "knew" if draw.chance(0.3) else ("knows", "know")[knower.plural]
    auxiliary = draw.one_of(("was", "had") if know == "knew" else ("will", "can", "must", "is", "was"))
    before = (*knower.words, know, word)
    return swapping((*before, person, auxiliary, _after(auxiliary, verb), "."), len(before))


def _after(auxiliary: str, verb: Verb) -> str:
    """The form of the verb that the auxiliary asks for."""
    if auxiliary in ("is", "was"):
        return verb.progressive
    return verb.participle if auxiliary == "had" else verb.base
