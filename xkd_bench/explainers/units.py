"""Units of a text: the words of the raw text, whatever a tokenizer makes of it, and token scores carried to them.

Two models with different tokenizers have only the raw text in common, so attributions are compared on its words.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

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


@dataclass(frozen=True)
class WordScores:
    """Scores of n units from T tokens.

    scores: (n,). covered: (n,), whether a token overlaps the unit; one that was truncated away is not covered.
    dropped: sum of the scores of tokens that went to no unit, so that Σ scores + dropped = Σ token scores when summed.
    special_share, stray_share: parts of Σ|token score| that special tokens and tokens beside every unit had.
    """

    scores: NDArray[np.float64]
    covered: NDArray[np.bool_]
    dropped: float
    special_share: float
    stray_share: float


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


def unit_of_tokens(
    units: Sequence[Unit], offsets: Sequence[tuple[int, int]], segments: Sequence[int | None]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Unit of each token, (T,), −1 for none, and which units a token overlaps, (n,).

    offsets: character span of each token in its segment; segments: 0, 1, or None for special tokens (a fast
    tokenizer's `offsets` and `sequence_ids`). A token goes to the unit of its segment it shares most characters with,
    the first of equals. White space, such as the leading space of a byte-level token, is in no unit and counts for
    nothing.
    """
    if len(offsets) != len(segments):
        raise ValueError(f"expected a segment for each of {len(offsets)} tokens, found {len(segments)}")
    if not units or not offsets:
        return np.full(len(offsets), -1, dtype=np.int64), np.zeros(len(units), dtype=np.bool_)
    spans = np.asarray(offsets, dtype=np.int64)
    words = np.array([(unit.start, unit.end) for unit in units], dtype=np.int64)
    overlap = np.minimum(spans[:, None, 1], words[:, 1]) - np.maximum(spans[:, None, 0], words[:, 0])
    of_token = np.array([-1 if segment is None else segment for segment in segments])
    overlap[of_token[:, None] != np.array([unit.segment for unit in units])] = 0
    found = np.where(overlap.max(axis=1) > 0, overlap.argmax(axis=1), -1)
    return found.astype(np.int64), np.asarray((overlap > 0).any(axis=0))


def words_from_tokens(
    units: Sequence[Unit],
    offsets: Sequence[tuple[int, int]],
    segments: Sequence[int | None],
    scores: NDArray[np.floating],
    aggregate: Literal["sum", "max"] = "sum",
) -> WordScores:
    """Token scores (T,) carried to the units by character spans (`unit_of_tokens`).

    `sum` is for signed scores and keeps their total; `max` is for scores that are never negative, such as norms.
    A unit that no token went to has 0. Raises `ValueError` for another number of scores, or `max` of a negative one.
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.shape != (len(offsets),):
        raise ValueError(f"expected one score for each of {len(offsets)} tokens, found an array {values.shape}")
    if aggregate == "max" and (values < 0).any():
        raise ValueError("expected scores of at least 0 to take the largest of, found negative ones: use sum")
    found, covered = unit_of_tokens(units, offsets, segments)
    words = np.zeros(len(units))
    accumulate = np.add if aggregate == "sum" else np.maximum
    accumulate.at(words, found[found >= 0], values[found >= 0])
    total = np.abs(values).sum()
    special = np.array(
        [segment is None or start == end for segment, (start, end) in zip(segments, offsets, strict=True)],
        dtype=np.bool_,
    )
    share = np.abs(values) / total if total > 0 else np.zeros(len(values))
    return WordScores(
        scores=words,
        covered=covered,
        dropped=float(values[found < 0].sum()),
        special_share=float(share[(found < 0) & special].sum()),
        stray_share=float(share[(found < 0) & ~special].sum()),
    )


def _units_of_segment(text: str, segment: Literal[0, 1]) -> tuple[Unit, ...]:
    shape = text if text.isascii() else "".join(_MARK if _is_mark(character) else character for character in text)
    return tuple(Unit(segment, *match.span(), text[slice(*match.span())]) for match in _WORD.finditer(shape))


def _is_mark(character: str) -> bool:
    """Whether it shows only as part of the character before it: combining marks, format characters, skin tones.

    The zero-width space is a format character too, and parts words."""
    category = unicodedata.category(character)
    return category.startswith("M") or (category == "Cf" and character != "\u200b") or ord(character) in _SKIN_TONES
