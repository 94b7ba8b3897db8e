"""The words of a text: what explanations name and perturbations change, whatever a tokenizer makes of it."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from xkd_bench.tasks.examples import TextInput

# Canonical segmentation: \w+(?:['’\-]\w+)*|[^\w\s]. A mark (an accent, a vowel sign, a joiner) is no \w for `re` and
# belongs to the character before it; in the text that is matched each stands as _MARK.
_MARK = "\u0300"
_WORD = re.compile(rf"(?:\w{_MARK}*)+(?:['’\-](?:\w{_MARK}*)+)*|[^\w\s]{_MARK}*")
_SKIN_TONES = range(0x1F3FB, 0x1F400)


@dataclass(frozen=True)
class Unit:
    """A word or a punctuation mark: characters start … end of a segment, 0 for `text` and 1 for `text_pair`."""

    segment: Literal[0, 1]
    start: int
    end: int
    text: str

    @property
    def is_punctuation(self) -> bool:
        """Whether it is made of punctuation only (Unicode's P, or ASCII's such as ` and $); an emoji is not."""
        visible = [character for character in self.text if not _is_mark(character)]
        return all(c in string.punctuation or unicodedata.category(c).startswith("P") for c in visible)


def units_of(input: TextInput) -> tuple[Unit, ...]:
    """Words and punctuation marks of both segments in reading order.

    Without combining and format characters a segment's units are the matches of `\\w+(?:['’\\-]\\w+)*|[^\\w\\s]`; those
    characters stay with the one before them. Every character that is not white space is in exactly one unit.
    """
    return _units_of_segment(input.text, 0) + _units_of_segment(input.text_pair or "", 1)


def within_words(input: TextInput, most: int) -> TextInput:
    """The input with each segment cut after its `most`-th unit; itself where none is longer.

    A model whose window has `most` tokens sees nothing beyond, since every unit is at least one token.
    """
    parts = (input.text, input.text_pair)
    cut = [part if part is None else _cut(part, _units_of_segment(part, 0), most) for part in parts]
    return TextInput(cut[0] or "", cut[1])


def _cut(text: str, units: Sequence[Unit], most: int) -> str:
    return text if len(units) <= most else text[: units[most - 1].end]


def _units_of_segment(text: str, segment: Literal[0, 1]) -> tuple[Unit, ...]:
    shape = text if text.isascii() else "".join(_MARK if _is_mark(character) else character for character in text)
    return tuple(Unit(segment, *match.span(), text[slice(*match.span())]) for match in _WORD.finditer(shape))


def _is_mark(character: str) -> bool:
    """Whether it shows only as part of the character before it: combining marks, format characters, skin tones.

    The zero-width space is a format character too, and parts words."""
    category = unicodedata.category(character)
    return category.startswith("M") or (category == "Cf" and character != "\u200b") or ord(character) in _SKIN_TONES
