"""Edits of one letter and of one word, in a text that otherwise stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from xkd_bench.tasks.examples import TextInput
from xkd_bench.tasks.words import Unit, units_of

FEWEST_LETTERS = 2  # of a word whose letters may change: a change of "a" or "I" leaves no word to recognise


def words_of(text: str) -> list[Unit]:
    """The words of a text, without its punctuation marks."""
    return [unit for unit in units_of(TextInput(text)) if not unit.is_punctuation]


def letter_positions(text: str) -> list[int]:
    """Where the letters a–z of words with at least two letters stand."""
    found: list[int] = []
    for word in words_of(text):
        letters = [position for position in range(word.start, word.end) if _is_latin(text[position])]
        if sum(character.isalpha() for character in word.text) >= FEWEST_LETTERS:
            found += letters
    return found


def replace_letter(text: str, random: np.random.Generator, candidates: Callable[[str], Sequence[str]]) -> str | None:
    """One letter, at a uniformly chosen position, becomes one of `candidates` (of the lower-case letter), case kept."""
    positions = letter_positions(text)
    if not positions:
        return None
    position = positions[int(random.integers(len(positions)))]
    old = text[position]
    choices = candidates(old.lower())
    new = choices[int(random.integers(len(choices)))]
    return text[:position] + (new.upper() if old.isupper() else new) + text[position + 1 :]


def replace_word(text: str, word: Unit, new: str) -> str:
    """The text with `new` in the word's place."""
    return text[: word.start] + new + text[word.end :]


def cased_like(new: str, old: str) -> str:
    """`new` in capitals where `old` is (and is longer than one letter), with a capital where `old` has one."""
    if len(old) > 1 and old.isupper():
        return new.upper()
    return new[:1].upper() + new[1:] if old[:1].isupper() else new


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalpha()
