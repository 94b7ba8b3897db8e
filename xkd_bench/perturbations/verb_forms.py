"""Forms of English verbs, from lemminflect, or from pattern3 where it is installed (`xkd-bench[pattern3]`)."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from xkd_bench.errors import BadInputError

Form = Literal["base", "third", "past", "gerund", "participle"]
Backend = Literal["lemminflect", "pattern3"]
TAGS: dict[Form, str] = {"base": "VB", "third": "VBZ", "past": "VBD", "gerund": "VBG", "participle": "VBN"}
# The forms by pattern3's names.
ALIASES: dict[Form, str] = {"base": "inf", "third": "3sg", "past": "p", "gerund": "part", "participle": "ppart"}
BE: dict[Form, tuple[str, ...]] = {
    "base": ("be",),
    "third": ("is", "are", "am"),
    "past": ("was", "were"),
    "gerund": ("being",),
    "participle": ("been",),
}


def verb_forms(lemma: str, backend: Backend = "lemminflect") -> dict[Form, tuple[str, ...]]:
    """The forms of a verb, one each, of "be" those of all persons; none for a verb the backend does not know.

    Raises `BadInputError` where pattern3 is asked for and not installed.
    """
    if lemma == "be":
        return BE
    return _lemminflect(lemma) if backend == "lemminflect" else _pattern3(lemma)


@lru_cache(maxsize=16384)
def _lemminflect(lemma: str) -> dict[Form, tuple[str, ...]]:
    from lemminflect import getAllInflections

    listed: dict[str, tuple[str, ...]] = getAllInflections(lemma, upos="VERB")
    words = {tag: [form for form in forms if form.isalpha()] for tag, forms in listed.items()}
    found: dict[Form, tuple[str, ...]] = {form: (words[tag][0],) for form, tag in TAGS.items() if words.get(tag)}
    if "past" in found:
        found.setdefault("participle", found["past"])  # left out of its list where the two are the same
    return found


@lru_cache(maxsize=16384)
def _pattern3(lemma: str) -> dict[Form, tuple[str, ...]]:
    from xkd_bench.perturbations.pattern3_verbs import lexeme

    found = lexeme(lemma, ALIASES)
    if found is None:
        raise BadInputError(
            where="verb forms of pattern3",
            expected="the package pattern3",
            found="none, or one that cannot be repaired",
            fix='pip install "xkd-bench[pattern3]", or use the backend lemminflect',
        )
    return found
