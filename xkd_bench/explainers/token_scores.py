"""Scores of tokens carried to the words of the raw text.

Two models with different tokenizers have only the raw text in common, so attributions are compared on its words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xkd_bench.tasks.words import Unit


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
