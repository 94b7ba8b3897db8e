"""A text without some of its words: what a model is asked for a masking."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from xkd_bench.explainers.coalitions import BoolArray, IntArray
from xkd_bench.tasks.examples import TextInput
from xkd_bench.tasks.words import Unit

DELETE = "delete"


def masked_text(input: TextInput, units: Sequence[Unit], mask: BoolArray, fill: str = DELETE) -> TextInput:
    """The input with only the units where `mask` (n,) is True; the others are deleted, or replaced by the token `fill`.

    `units` are those of `units_of`. With every unit kept it is the input itself, to the character. Deleting leaves no
    double space, glues no two words together, and closes up punctuation that stood at a deleted word:
    "Hello, big world!" without big, world or the comma is "Hello, world!", "Hello, big!" and "Hello big world!".
    """
    return masked_texts(input, units, np.asarray(mask)[None, :], fill)[0]


def masked_texts(input: TextInput, units: Sequence[Unit], masks: BoolArray, fill: str = DELETE) -> list[TextInput]:
    """`masked_text` of each row of `masks` (m, n)."""
    first = _Segment(input.text, [unit for unit in units if unit.segment == 0])
    split = len(first.words)
    texts = [first.masked(row, fill) for row in masks[:, :split].tolist()]
    if input.text_pair is None:
        return [TextInput(text) for text in texts]
    second = _Segment(input.text_pair, [unit for unit in units if unit.segment == 1])
    pairs = [second.masked(row, fill) for row in masks[:, split:].tolist()]
    return [TextInput(text, pair) for text, pair in zip(texts, pairs, strict=True)]


def distinct(inputs: Iterable[TextInput]) -> tuple[tuple[TextInput, ...], IntArray]:
    """Each input once, in order of first appearance, and for every input the position of its equal, (m,)."""
    positions: dict[TextInput, int] = {}
    inverse = [positions.setdefault(row, len(positions)) for row in inputs]
    return tuple(positions), np.array(inverse, dtype=np.int64)


class _Segment:
    """One text cut into k words and the k + 1 gaps (white space, maybe none) around them."""

    def __init__(self, text: str, units: Sequence[Unit]) -> None:
        self.text = text
        self.words = [unit.text for unit in units]
        edges = [0, *(edge for unit in units for edge in (unit.start, unit.end)), len(text)]
        self.gaps = [text[start:end] for start, end in zip(edges[0::2], edges[1::2], strict=True)]
        is_word = [_is_word_character(unit.text[0]) for unit in units]
        before = [i == 0 or self.gaps[i] != "" for i in range(len(units))]
        after = [i == len(units) - 1 or self.gaps[i + 1] != "" or not is_word[i + 1] for i in range(len(units))]
        self.is_word = is_word
        # A quotation mark opens or closes by where it stands, so where it stands decides for all punctuation.
        self.opens = [not word and free for word, free in zip(is_word, before, strict=True)]
        self.closes = [not word and free for word, free in zip(is_word, after, strict=True)]
        self._steps: dict[tuple[int, int], str] = {}

    def masked(self, mask: Sequence[bool], fill: str) -> str:
        if fill != DELETE:
            words = [word if kept else fill for word, kept in zip(self.words, mask, strict=True)]
            return self.gaps[0] + "".join(w + gap for w, gap in zip(words, self.gaps[1:], strict=True))
        if all(mask):
            return self.text
        kept = [i for i, keep in enumerate(mask) if keep]
        if not kept:
            return ""
        first = (self.gaps[0] if kept[0] == 0 else "") + self.words[kept[0]]
        rest = "".join([self._step(*step) for step in pairwise(kept)])
        return first + rest + (self.gaps[-1] if kept[-1] == len(self.words) - 1 else "")

    def _step(self, left: int, right: int) -> str:
        """From a kept word to the end of the next kept one; remembered, since a thousand maskings share them."""
        found = self._steps.get((left, right))
        if found is None:
            found = self._steps[left, right] = self._between(left, right) + self.words[right]
        return found

    def _between(self, left: int, right: int) -> str:
        """What stands between two kept words when all words between them are deleted."""
        gaps = self.gaps[left + 1 : right + 1]
        if len(gaps) == 1:
            return gaps[0]
        opening = self.opens[left] and gaps[0] == ""
        closing = self.closes[right] and gaps[-1] == ""
        if opening or closing:
            return ""
        glued = " " if self.is_word[left] and self.is_word[right] else ""
        return next((gap for gap in gaps if gap), glued)


def _is_word_character(character: str) -> bool:
    return character.isalnum() or character == "_"
