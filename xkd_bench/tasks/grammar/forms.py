"""Phenomena of form: verbs after auxiliaries, negation, case, comparison."""

from __future__ import annotations

from xkd_bench.tasks.grammar import lexicon
from xkd_bench.tasks.grammar.pair import Pair, Words, deleting, inserting, replacing, swapping
from xkd_bench.tasks.grammar.phrases import Draw, Subject, anyone, person, place, thing


def auxiliary_verb_form(draw: Draw) -> Pair:
    """Each auxiliary asks for one form of the verb after it, and without one the verb is finite.

    "Anna has stolen a key." / "*Anna has stole a key."     "Anna stole a key." / "*Anna stolen a key."
    """
    subject = anyone(draw)
    verb = draw.one_of(lexicon.IRREGULAR)
    kind = draw.one_of(("modal", "modal", "have", "be", "none"))
    before: Words = subject.words
    mistakes: Words
    if kind == "modal":
        before = (*before, draw.one_of(("will", "can", "must")))
        form, mistakes = verb.base, (verb.third, verb.past, verb.third, verb.past, verb.participle, verb.progressive)
    elif kind == "have":
        before = (*before, draw.one_of(("had", "have" if subject.plural else "has")))
        form, mistakes = verb.participle, (verb.past, verb.past, verb.base, verb.progressive)
    elif kind == "be":
        # "was taken the key" could be a passive: a participle is no sure mistake here.
        before = (*before, draw.one_of(("are", "were") if subject.plural else ("is", "was")))
        form, mistakes = verb.progressive, (verb.past, verb.third, verb.base)
    else:
        present = verb.base if subject.plural else verb.third
        form, mistakes = draw.one_of((verb.past, present)), (verb.participle, verb.progressive)
    right = (*before, form, *thing(draw, draw.chance(0.5)), ".")
    return replacing(right, len(before), draw.one_of(mistakes))


def negation(draw: Draw) -> Pair:
    """ "not" follows an auxiliary; where there is none, a form of "do" with the plain verb after it comes in.

    "Tom did not sleep." / "*Tom not did sleep." / "*Tom did not slept."     "Tom slept." / "*Tom not slept."
    """
    subject = anyone(draw)
    verb = draw.one_of(lexicon.INTRANSITIVE)
    after = (*place(draw), ".")
    position = len(subject.words)
    present = verb.base if subject.plural else verb.third
    if draw.chance(0.25):
        return inserting((*subject.words, draw.one_of((verb.past, present)), *after), position, "not")
    do = draw.one_of(("did", "do" if subject.plural else "does"))
    edit = draw.one_of(("swap", "delete", "form"))
    if edit == "form":
        right = (*subject.words, do, "not", verb.base, *after)
        return replacing(right, position + 2, verb.past if do != "does" else verb.third)
    be = draw.one_of(("are", "were") if subject.plural else ("is", "was"))
    auxiliary, form = draw.one_of(((do, verb.base), ("will", verb.base), (be, verb.progressive)))
    right = (*subject.words, auxiliary, "not", form, *after)
    return swapping(right, position) if edit == "swap" else deleting(right, position)


def pronoun_case(draw: Draw) -> Pair:
    """A pronoun has its subject form as a subject, its object form after a verb or a preposition.

    "She admired him." / "*Her admired him."     "Tom slept near them." / "*Tom slept near they."
    """
    subject_form, object_form = draw.one_of(lexicon.PRONOUN_CASES)
    transitive = draw.one_of(lexicon.TRANSITIVE).past
    intransitive = draw.one_of(lexicon.INTRANSITIVE).past
    if draw.chance(0.5):
        if draw.chance(0.5):
            return replacing((subject_form, intransitive, *place(draw), "."), 0, object_form)
        return replacing((subject_form, transitive, *_someone(draw), "."), 0, object_form)
    if draw.chance(0.5):
        before = (*_someone(draw), intransitive, draw.one_of(lexicon.NEARNESS))
    else:
        before = (*_someone(draw), transitive)
    return replacing((*before, object_form, "."), len(before), subject_form)


def _someone(draw: Draw) -> Words:
    """A person in words that have no case."""
    return (draw.one_of(lexicon.NAMES),) if draw.chance(0.4) else person(draw, draw.chance(0.5))


def comparative(draw: Draw) -> Pair:
    """Short adjectives are compared by their ending, long ones by "more", none by both or by neither.

    "Tom is taller than Anna." / "*Tom is more taller than Anna."     "Tom is very tall." / "*Tom is very taller."
    """
    if draw.chance(0.6):
        subject, second, adjectives = _named_or_noun(draw), _named_or_noun(draw), lexicon.OF_PEOPLE
    else:
        plural = draw.chance(0.5)
        subject = Subject(thing(draw, plural), plural)
        second, adjectives = Subject(thing(draw, plural), plural), lexicon.OF_THINGS
    adjective = draw.one_of(adjectives)
    be = draw.one_of(("are", "were") if subject.plural else ("is", "was"))
    before = (*subject.words, be)
    position = len(before)
    after = ("than", *second.words, ".")
    if draw.chance(0.5):
        if not adjective.comparative:
            return deleting((*before, "more", adjective.plain, *after), position)
        right = (*before, adjective.comparative, *after)
        if draw.chance(0.5):
            return inserting(right, position, "more")
        return replacing(right, position, adjective.plain)
    if draw.chance(0.5):
        right = (*before, "very", adjective.plain, ".")
    else:
        right = (*before, "as", adjective.plain, "as", *second.words, ".")
    if adjective.comparative:
        return replacing(right, position + 1, adjective.comparative)
    return inserting(right, position + 1, "more")


def _named_or_noun(draw: Draw) -> Subject:
    """A person without a pronoun: "taller than he" and "taller than him" are both in use."""
    plural = draw.chance(0.4)
    if not plural and draw.chance(0.6):
        return Subject((draw.one_of(lexicon.NAMES),), False)
    return Subject(person(draw, plural), plural)
