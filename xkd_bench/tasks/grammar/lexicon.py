"""The words of the grammar, as data.

The words were chosen so that a wrong sentence has no second reading in which it is right. Left out are verbs whose
object may be dropped (eat, read), intransitive verbs that take a cognate or resultative object (dream, cough),
verbs with two participles (hide, forget), nouns that are both mass and count (coffee, hair), collective nouns (team)
and nouns of one form (sheep).
"""

from __future__ import annotations

from typing import NamedTuple


class Noun(NamedTuple):
    """A count noun. `gender` is "feminine", "masculine" or "" where the word does not say."""

    singular: str
    plural: str
    gender: str = ""

    def form(self, plural: bool) -> str:
        return self.plural if plural else self.singular


class Verb(NamedTuple):
    """The five forms of a verb; `third` is the third person singular of the present."""

    base: str
    third: str
    past: str
    participle: str
    progressive: str


class Adjective(NamedTuple):
    """An adjective; `comparative` is "" where the comparative is made with "more"."""

    plain: str
    comparative: str = ""


PEOPLE = (
    Noun("girl", "girls", "feminine"),
    Noun("woman", "women", "feminine"),
    Noun("queen", "queens", "feminine"),
    Noun("boy", "boys", "masculine"),
    Noun("man", "men", "masculine"),
    Noun("king", "kings", "masculine"),
    Noun("doctor", "doctors"),
    Noun("artist", "artists"),
)
GENDERED_PEOPLE = tuple(noun for noun in PEOPLE if noun.gender)
THINGS = (
    Noun("book", "books"),
    Noun("letter", "letters"),
    Noun("chair", "chairs"),
    Noun("key", "keys"),
    Noun("uniform", "uniforms"),
    Noun("apple", "apples"),
    Noun("egg", "eggs"),
    Noun("umbrella", "umbrellas"),
)
MASS = ("furniture", "luggage", "equipment", "garbage", "mud", "rice", "bread", "milk")
# "A milk" and "a bread" can be had in a café; these cannot be counted anywhere.
NEVER_COUNTED = ("furniture", "luggage", "equipment", "garbage")
PLACES = ("garden", "house", "kitchen", "school", "office", "street")

WOMEN = ("Anna", "Mary", "Emma", "Sara")
MEN = ("Tom", "John", "Peter", "David")
NAMES = (*WOMEN, *MEN)

# Subject and object forms side by side. "it" and "you" have one form only and "her" is told apart by what follows.
PRONOUN_CASES = (("I", "me"), ("he", "him"), ("she", "her"), ("we", "us"), ("they", "them"))
SINGULAR_PRONOUNS = ("he", "she")
PLURAL_PRONOUNS = ("we", "they")
OBJECT_PRONOUNS = ("him", "her", "them", "us", "me")
REFLEXIVES = {"feminine": "herself", "masculine": "himself", "plural": "themselves"}

# Pairs of one meaning, singular and plural.
DEMONSTRATIVES = (("this", "these"), ("that", "those"))
SINGULAR_DETERMINERS = ("this", "that", "every")
PLURAL_DETERMINERS = ("these", "those", "many", "two")

# Never without an object, and with nothing but one: "*Tom admired", "*Tom admired Anna a book".
TRANSITIVE = (
    Verb("admire", "admires", "admired", "admired", "admiring"),
    Verb("describe", "describes", "described", "described", "describing"),
    Verb("ignore", "ignores", "ignored", "ignored", "ignoring"),
    Verb("mention", "mentions", "mentioned", "mentioned", "mentioning"),
)
# Never with an object.
INTRANSITIVE = (
    Verb("sleep", "sleeps", "slept", "slept", "sleeping"),
    Verb("laugh", "laughs", "laughed", "laughed", "laughing"),
    Verb("yawn", "yawns", "yawned", "yawned", "yawning"),
    Verb("faint", "faints", "fainted", "fainted", "fainting"),
)
# All five forms differ, so that every mistake of form can be seen; used with an object only.
IRREGULAR = (
    Verb("steal", "steals", "stole", "stolen", "stealing"),
    Verb("draw", "draws", "drew", "drawn", "drawing"),
    Verb("choose", "chooses", "chose", "chosen", "choosing"),
    Verb("take", "takes", "took", "taken", "taking"),
)
# Past forms. "gave Tom a book" and "gave a book to Tom" are right; of the second row only the latter is.
DATIVE = ("gave", "sent", "showed", "offered")
TO_DATIVE = ("described", "mentioned", "explained")
GIFTS = tuple(noun for noun in THINGS if noun.singular in {"book", "letter", "key", "umbrella"})
# Past forms with the preposition that must stand before what would be the object.
PREPOSITIONAL = (
    ("waited", "for"),
    ("listened", "to"),
    ("relied", "on"),
    ("looked", "at"),
    ("stared", "at"),
    ("complained", "about"),
)
GOVERNED_PREPOSITIONS = ("for", "to", "on", "at", "about")
NEARNESS = ("near", "behind", "beside")

# Adjectives of people and of things; none is also a noun, an adverb, or a result ("painted the chair red").
OF_PEOPLE = (
    Adjective("tall", "taller"),
    Adjective("old", "older"),
    Adjective("strong", "stronger"),
    Adjective("famous"),
    Adjective("honest"),
    Adjective("important"),
    Adjective("careful"),
)
OF_THINGS = (
    Adjective("old", "older"),
    Adjective("small", "smaller"),
    Adjective("new", "newer"),
    Adjective("useful"),
    Adjective("expensive"),
    Adjective("important"),
    Adjective("beautiful"),
)

# The article follows the sound: "an honest man", "a useful book", "a uniform".
VOWEL_LETTERS = "aeiou"
SILENT_CONSONANT = ("honest",)
CONSONANT_SOUND = ("useful", "uniform", "uniforms")

# Words that the sentences name themselves; the rest of the vocabulary is above.
FUNCTION_WORDS = (
    *("the", "a", "an", "much", "too", "fewer", "in"),
    *("is", "are", "was", "were", "has", "have", "had", "do", "does", "did", "will", "can", "must"),
    *("bought", "found", "put", "know", "knows", "knew", "not", "never", "always", "here", "there"),
    *("where", "when", "why", "more", "than", "as", "very"),
)
PUNCTUATION = (".", "?")


def article(following: str) -> str:
    """ "a" or "an", by the sound with which the following word begins."""
    if following in SILENT_CONSONANT:
        return "an"
    return "an" if following[0] in VOWEL_LETTERS and following not in CONSONANT_SOUND else "a"


def vocabulary() -> tuple[str, ...]:
    """Every lower-cased word form and punctuation mark a sentence can hold, sorted."""
    words = [*FUNCTION_WORDS, *PUNCTUATION, *MASS, *PLACES, *NAMES, *OBJECT_PRONOUNS, *REFLEXIVES.values()]
    words += [*SINGULAR_DETERMINERS, *PLURAL_DETERMINERS, *DATIVE, *TO_DATIVE, *GOVERNED_PREPOSITIONS, *NEARNESS]
    words += [subject for subject, _ in PRONOUN_CASES] + [verb for verb, _ in PREPOSITIONAL]
    words += [form for noun in (*PEOPLE, *THINGS) for form in (noun.singular, noun.plural)]
    words += [form for verb in (*INTRANSITIVE, *IRREGULAR) for form in verb]
    words += [form for verb in TRANSITIVE for form in (verb.base, verb.third, verb.past)]
    words += [form for adjective in (*OF_PEOPLE, *OF_THINGS) for form in adjective if form]
    return tuple(sorted({word.lower() for word in words}))
