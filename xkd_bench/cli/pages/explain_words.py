"""Explained words on the page: models as rows, words in columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xkd_bench.cli.explain_wording import (
    cosine_words,
    decimals,
    has_scores,
    in_lines,
    notes,
    printable_word,
    signed,
    source_words,
    strengths,
    words_of,
)
from xkd_bench.engine.comparison import Comparison, ExplainedBy, ExplainedInput, ModelScores
from xkd_bench.terminal.printable import printable

LEVELS = 10
LINE = 84  # characters of words on a line, three more a word for the space around it


@dataclass(frozen=True)
class Cell:
    """A word of a row. kind: class names that shade it; empty where it has next to no score."""

    word: str
    kind: str
    score: str


@dataclass(frozen=True)
class Row:
    """cosine: with the first model, on the first line of an explainer's rows only; "teacher" for the teacher."""

    name: str
    cosine: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class WordBlock:
    """One explainer on one text. lines: of rows. numbers: for each word the word and a score of each model."""

    title: str
    source: str
    lines: tuple[tuple[Row, ...], ...]
    notes: tuple[str, ...]
    numbers: tuple[tuple[str, ...], ...]


def word_block(comparison: Comparison, one: ExplainedInput, found: ExplainedBy) -> WordBlock:
    """The words of one explainer."""
    units = words_of(one)
    words = [printable_word(unit) for unit in units]
    cells = [_cells(words, row, decimals(found)) for row in found.rows]
    lines = in_lines(units, [len(word) + 3 for word in words], LINE)
    return WordBlock(
        title=found.title,
        source=source_words(comparison, found),
        lines=tuple(
            tuple(
                Row(
                    name=printable(model.name),
                    cosine="" if place else cosine_words(row, model.is_teacher),
                    cells=tuple(own[i] for i in line) if own else (),
                )
                for model, row, own in zip(comparison.models, found.rows, cells, strict=True)
            )
            for place, line in enumerate(lines)
        ),
        notes=tuple(notes(comparison, found)),
        numbers=tuple((word, *(own[i].score if own else "–" for own in cells)) for i, word in enumerate(words)),
    )


def _cells(words: Sequence[str], row: ModelScores, places: int) -> list[Cell]:
    """A cell for each word, none at all for a row without scores."""
    if not has_scores(row):
        return []
    return [
        Cell(word, _kind(float(strength)), signed(float(score), places)) if seen else Cell(word, "unseen", "no score")
        for word, strength, score, seen in zip(words, strengths(row), row.scores, row.seen, strict=True)
    ]


def _kind(strength: float) -> str:
    level = round(LEVELS * abs(strength))
    return f"{'for' if strength > 0 else 'against'} s{level}" if level else ""
