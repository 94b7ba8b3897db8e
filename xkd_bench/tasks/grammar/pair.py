"""A right and a wrong sentence that differ in one edit, and the four edits there are."""

from __future__ import annotations

from typing import NamedTuple

Words = tuple[str, ...]


class Pair(NamedTuple):
    """Two sentences as words with their final mark; `wrong` is `right` after one edit."""

    right: Words
    wrong: Words


def replacing(right: Words, position: int, word: str) -> Pair:
    """Wrong by one word in the place of another."""
    return Pair(right, (*right[:position], word, *right[position + 1 :]))


def deleting(right: Words, position: int) -> Pair:
    """Wrong by one word too few."""
    return Pair(right, (*right[:position], *right[position + 1 :]))


def inserting(right: Words, position: int, word: str) -> Pair:
    """Wrong by one word too many, put before `position`."""
    return Pair(right, (*right[:position], word, *right[position:]))


def swapping(right: Words, position: int) -> Pair:
    """Wrong by two neighbours in each other's place: those at `position` and after it."""
    first, second = right[position : position + 2]
    return Pair(right, (*right[:position], second, first, *right[position + 2 :]))


def written(words: Words) -> str:
    """The sentence as it is written: a capital first letter, spaces between words, the mark at the end."""
    text = " ".join(words[:-1]) + words[-1]
    return text[0].upper() + text[1:]
