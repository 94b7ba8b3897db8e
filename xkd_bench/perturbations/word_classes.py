"""Which words of a text are nouns, verbs, adjectives and adverbs, from the lexicon and the word before.

A word's classes and lemmas are those lemminflect knows and WordNet lists; of several the one WordNet's tagged texts use
most, unless the word before rules it out: no verb follows a determiner, a verb follows a modal, and so on. Function
words have no class, and neither have words in capitals inside a sentence, which are mostly names.

Measured on 30 sentences of our own that no rule was made on (`tests/perturbations/tagged_sentences.txt`): 11 of 134
words have another class than by hand, or none, or one too many; of 49 verbs 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from xkd_bench.perturbations.letters import words_of
from xkd_bench.perturbations.lexicon import Part, entry, function_words
from xkd_bench.tasks.words import Unit

AUXILIARY_LEMMAS = frozenset(("be", "have", "do"))

# Function words to the verb after them, and verbs themselves.
VERBS_TOO = function_words()["be_and_have"] | {"do", "does", "did"}
PARTS: dict[str, Part] = {"NOUN": "n", "VERB": "v", "ADJ": "a", "ADV": "r"}


@dataclass(frozen=True)
class ClassedWord:
    """A word of a text with its class and lemma. tag: its form there, of the Penn Treebank (VBD, NNS, JJR, …)."""

    word: Unit
    part: Part
    lemma: str
    tag: str


class _Before(NamedTuple):
    """What stands before a word: the word itself (empty at the beginning and after a comma), its class, and whether a
    noun phrase has begun that has no noun yet."""

    word: str = ""
    part: Part | None = None
    in_phrase: bool = False


@lru_cache(maxsize=4096)
def classed_words(text: str) -> tuple[ClassedWord, ...]:
    """The nouns, verbs, adjectives and adverbs of a text, in order."""
    found, words = [], words_of(text)
    before = _Before()
    for place, word in enumerate(words):
        # A comma ends what the word before says of this one.
        if place and text[words[place - 1].end : word.start].strip():
            before = _Before()
        best = _classed(word, before) if _is_open(text, place, word) else None
        lower, part = word.text.lower(), None if best is None else best.part
        in_phrase = lower in function_words()["determiners"] or (before.in_phrase and part in ("a", "r"))
        before = _Before(lower, part, in_phrase)
        found += [] if best is None else [best]
    return tuple(found)


def _is_open(text: str, place: int, word: Unit) -> bool:
    """Whether the word can have a class: made of letters, no function word, no name, no end of another ("it 's")."""
    if not word.text.isalpha() or (word.start and text[word.start - 1] in "'’"):
        return False
    lower = word.text.lower()
    name = word.text[0].isupper() and place > 0 and not text.isupper()
    return not name and (lower in VERBS_TOO or not any(lower in words for words in function_words().values()))


def _classed(word: Unit, before: _Before) -> ClassedWord | None:
    from lemminflect import getAllLemmas

    lower = word.text.lower()
    lemmas = {PARTS[name]: lemmas[0] for name, lemmas in getAllLemmas(lower).items() if name in PARTS}
    seen = {part: known.count for part, lemma in lemmas.items() if (known := entry(lemma, part)) is not None}
    # A participle is often listed as an adjective or noun of its own, which WordNet counts apart from the verb.
    if "v" in lemmas and lemmas["v"] in AUXILIARY_LEMMAS:
        seen = {"v": seen.get("v", 0)}
    tags = _verb_tags(lower, lemmas["v"]) if "v" in seen else ()
    weights = {part: (count + 0.5) * _fits(part, tags, before) for part, count in seen.items()}
    part = max(weights, key=lambda one: (weights[one], one), default=None)
    if part is None or not weights[part]:
        return None
    tag = _verb_tag(tags, before.word) if part == "v" else _tag(lower, lemmas[part], part)
    return ClassedWord(word, part, lemmas[part], tag)


def _fits(part: Part, verb_tags: tuple[str, ...], before: _Before) -> float:
    """How much likelier what stands before makes a class: 0 rules it out."""
    finite = {"VBD", "VBZ", "VBP"} & set(verb_tags)
    participle = {"VBG", "VBN"} & set(verb_tags)
    if before.in_phrase:
        return 0.0 if part == "v" else 0.2 if part == "r" else 1.0
    if part != "v":
        return 1.0
    of = function_words()
    if before.word == "to" or before.word in of["modals"]:
        return 20.0 if "VB" in verb_tags else 0.0
    if before.word in of["subjects"]:
        return 20.0 if finite else 0.05
    if before.word in of["be_and_have"]:
        return 2.0 if participle else 0.05
    if before.word in of["prepositions"]:
        return 1.0 if "VBG" in verb_tags else 0.02
    return 4.0 if before.part == "n" and finite else 1.0


def _verb_tags(form: str, lemma: str) -> tuple[str, ...]:
    """Which forms of its verb a word can be."""
    from lemminflect import getAllInflections

    inflections: dict[str, Any] = getAllInflections(lemma, upos="VERB")
    return tuple(tag for tag, forms in inflections.items() if form in forms)


def _verb_tag(tags: tuple[str, ...], before: str) -> str:
    """The likeliest of the forms a verb can be: a participle after be and have, a base form after to and modals."""
    of = function_words()
    wanted = ["VBD"]
    if before in of["be_and_have"]:
        wanted = ["VBN", "VBG"]
    elif before == "to" or before in of["modals"]:
        wanted = ["VB"]
    return next((tag for tag in (*wanted, "VBZ", "VBG", "VBD", "VBP", "VBN", "VB") if tag in tags), "VB")


def _tag(form: str, lemma: str, part: Part) -> str:
    """NN or NNS, JJ, JJR or JJS, RB, RBR or RBS."""
    from lemminflect import getAllInflections

    name, base = {"n": ("NOUN", "NN"), "a": ("ADJ", "JJ"), "r": ("ADV", "RB")}[part]
    inflections: dict[str, Any] = getAllInflections(lemma, upos=name)
    # The base form first: "front" is listed as a plural of itself, too.
    return next((tag for tag in (base, *inflections) if form in inflections.get(tag, ())), base)
