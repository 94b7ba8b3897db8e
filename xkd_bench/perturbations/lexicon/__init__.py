"""WordNet 3.0 as perturbations need it: which words there are, how frequent in which class, and their synonyms.

`wordnet.tsv.xz` holds a line for each single lower-case word in each of its classes: word, class (n, v, a, r), how
often the word was seen with that class in WordNet's sense-tagged texts, and the words that share a synset of that
class with it. Senses those texts never show are left out where they show another one ("good" as "undecomposed"), and
so are phrases and names. `build.py` makes it from Princeton's files, which
`SOURCES` names by their sha256; the licence is `LICENSE.txt`.
"""

from __future__ import annotations

import lzma
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

Part = Literal["n", "v", "a", "r"]  # noun, verb, adjective, adverb
FILE = "wordnet.tsv.xz"


@dataclass(frozen=True, slots=True)
class Entry:
    """A word in one class: how often it was seen so, and its synonyms there, sorted."""

    count: int
    synonyms: tuple[str, ...]


@cache
def entries() -> dict[tuple[str, str], Entry]:
    """(word, class) → entry."""
    text = lzma.decompress(files(__name__).joinpath(FILE).read_bytes()).decode("utf-8")
    found = {}
    for line in text.splitlines():
        word, part, count, synonyms = line.split("\t")
        found[word, part] = Entry(int(count), tuple(synonyms.split()))
    return found


def entry(word: str, part: Part) -> Entry | None:
    return entries().get((word, part))


@cache
def function_words() -> dict[str, frozenset[str]]:
    """Kind → the words of it: `determiners`, `modals`, `subjects`, `be_and_have`, `prepositions` and `others`."""
    lists = tomllib.loads(files(__name__).joinpath("function_words.toml").read_text(encoding="utf-8"))
    return {kind: frozenset(words) for kind, words in lists.items()}
