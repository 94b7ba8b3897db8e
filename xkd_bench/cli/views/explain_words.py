"""Explained words in the terminal: models as rows, words in columns; shaded where there is colour, else numbers."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

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
from xkd_bench.cli.views.explain_layout import Layout, fitted, shaded_style
from xkd_bench.engine.comparison import ExplainedBy, ExplainedInput, ModelScores

WIDEST_WORD = 24
NO_SCORE_MARK = "·"


def print_words(layout: Layout, one: ExplainedInput, found: ExplainedBy) -> None:
    """The rows of one explainer, in as many bands as the width asks for."""
    comparison, units = layout.comparison, words_of(one)
    layout.line(layout.front(found.title, "cosine", "bold", "dim").append(source_words(comparison, found), "dim"))
    words = [fitted(printable_word(unit), WIDEST_WORD) for unit in units]
    cells = [_shaded(words, row) for row in found.rows] if layout.shaded else _numbers(found)
    heads = [Text(word, "bold") for word in words]
    widths = [max(one.cell_len for one in column) + 1 for column in zip(heads, *cells, strict=True)]
    blank = layout.front("", "")
    for place, line in enumerate(in_lines(units, widths, layout.console.width - blank.cell_len)):
        if place:
            layout.console.print()
        if not layout.shaded:
            layout.line(_row(layout, layout.front("", ""), heads, widths, line))
        for name, model, row, own in zip(layout.names, comparison.models, found.rows, cells, strict=True):
            front = layout.front(name, "" if place else cosine_words(row, model.is_teacher))
            layout.line(_row(layout, front, own, widths, line if has_scores(row) else ()))
    layout.warn(notes(comparison, found))


def _row(layout: Layout, front: Text, cells: Sequence[Text], widths: Sequence[int], line: Sequence[int]) -> Text:
    for place in line:
        blank = " " * (widths[place] - cells[place].cell_len)
        front = front.append_text(cells[place]).append(blank) if layout.shaded else front.append(blank) + cells[place]
    return front


def _shaded(words: Sequence[str], row: ModelScores) -> list[Text]:
    return [
        Text(f" {word} ", shaded_style(float(strength))) if seen else Text(" ").append(word, "dim strike").append(" ")
        for word, strength, seen in zip(words, strengths(row), row.seen, strict=True)
    ]


def _numbers(found: ExplainedBy) -> list[list[Text]]:
    places = decimals(found)
    return [
        [
            Text(" " + (signed(float(s), places) if seen else NO_SCORE_MARK))
            for s, seen in zip(row.scores, row.seen, strict=True)
        ]
        for row in found.rows
    ]
