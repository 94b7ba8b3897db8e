"""A comparison as one standalone HTML page: models as rows, words in columns, every number within reach.

The page loads nothing: its style sheet is inside, named by its hash in the page's own policy, and no style stands at an
element, so that no text can bring one. Every text reaches HTML through autoescaping.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from xkd_bench import __version__
from xkd_bench.cli.explain_words import (
    decimals,
    directions,
    example_words,
    explained_words,
    has_words,
    in_lines,
    knows_empty,
    notes,
    order_notes,
    printable,
    printable_word,
    scalar,
    shortened,
    signed,
    similarity,
    source_words,
    strengths,
    unread_words,
)
from xkd_bench.engine.explain_texts import Candidate, Comparison, ExplainedBy, ExplainedText, ModelWords
from xkd_bench.leaderboard.cells import millions
from xkd_bench.records.files import disk_errors, write_whole

HERE = Path(__file__).parent / "templates"
BOARD_STYLE = Path(__file__).parents[1] / "leaderboard" / "assets" / "board.css"
LEVELS = 10
LINE = 84  # characters of words on a line, three more a word for the space around it
LONGEST_TEXT = 400


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
class Block:
    """One explainer on one text. lines: of rows. numbers: for each word the word and a score of each model."""

    title: str
    source: str
    lines: tuple[tuple[Row, ...], ...]
    notes: tuple[str, ...]
    numbers: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Answered:
    """differs: the model does not predict the explained class."""

    name: str
    predicted: str
    probability: str
    value: str
    without_words: str
    differs: bool


@dataclass(frozen=True)
class Section:
    texts: tuple[str, ...]
    facts: tuple[str, ...]
    answers: tuple[Answered, ...]
    knows_empty: bool
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class ModelFacts:
    name: str
    role: str
    architecture: str
    size: str
    hash: str


@dataclass(frozen=True)
class Page:
    title: str
    regression: bool
    against: str
    towards: str
    protocol: str
    names: tuple[str, ...]
    sections: tuple[Section, ...]
    models: tuple[ModelFacts, ...]
    notes: tuple[str, ...]
    version: str = __version__


def write_page(comparison: Comparison, path: Path) -> None:
    """Write the page, whole or not at all."""
    with disk_errors(path, "what was measured is in the store"):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, render(comparison))


def render(comparison: Comparison) -> str:
    """The page as text."""
    style = BOARD_STYLE.read_text(encoding="utf-8") + (HERE / "explain.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("explain.html.j2").render(
        page=page_of(comparison),
        style=style,
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        levels=range(1, LEVELS + 1),
    )


def page_of(comparison: Comparison) -> Page:
    against, towards = directions(comparison)
    return Page(
        title=printable(comparison.card.title),
        regression=comparison.card.kind == "regression",
        against=against,
        towards=towards,
        protocol=f"{comparison.protocol.name} (version {comparison.protocol.version})",
        names=tuple(printable(model.name) for model in comparison.models),
        sections=tuple(_section(comparison, text) for text in comparison.texts),
        models=tuple(_facts(model) for model in comparison.models),
        notes=tuple(order_notes(comparison)),
    )


def _section(comparison: Comparison, text: ExplainedText) -> Section:
    facts = (example_words(text), explained_words(comparison, text), unread_words(comparison, text))
    return Section(
        texts=tuple(shortened(part, LONGEST_TEXT) or "(no text)" for part in text.input if part is not None),
        facts=tuple(fact for fact in facts if fact),
        answers=tuple(
            Answered(
                name=printable(model.name),
                predicted=printable(answer.predicted or ""),
                probability="" if answer.probability is None else f"{answer.probability:.3f}",
                value=scalar(comparison, answer.value),
                without_words=scalar(comparison, answer.without_words),
                differs=answer.predicted != text.target,
            )
            for model, answer in zip(comparison.models, text.answers, strict=True)
        ),
        knows_empty=knows_empty(text),
        blocks=tuple(_block(comparison, text, found) for found in text.explainers) if text.units else (),
    )


def _block(comparison: Comparison, text: ExplainedText, found: ExplainedBy) -> Block:
    words = [printable_word(unit) for unit in text.units]
    cells = [_cells(words, row, decimals(found)) for row in found.rows]
    lines = in_lines(text.units, [len(word) + 3 for word in words], LINE)
    return Block(
        title=found.title,
        source=source_words(comparison, found),
        lines=tuple(
            tuple(
                Row(
                    name=printable(model.name),
                    cosine="" if place else similarity(row) or ("teacher" if model.is_teacher else ""),
                    cells=tuple(own[i] for i in line) if own else (),
                )
                for model, row, own in zip(comparison.models, found.rows, cells, strict=True)
            )
            for place, line in enumerate(lines)
        ),
        notes=tuple(notes(comparison, found)),
        numbers=tuple((word, *(own[i].score if own else "–" for own in cells)) for i, word in enumerate(words)),
    )


def _cells(words: Sequence[str], row: ModelWords, places: int) -> list[Cell]:
    """A cell for each word, none at all for a row without scores."""
    if not has_words(row):
        return []
    return [
        Cell(word, _kind(float(strength)), signed(float(score), places)) if seen else Cell(word, "unseen", "no score")
        for word, strength, score, seen in zip(words, strengths(row), row.scores, row.seen, strict=True)
    ]


def _kind(strength: float) -> str:
    level = round(LEVELS * abs(strength))
    return f"{'for' if strength > 0 else 'against'} s{level}" if level else ""


def _facts(model: Candidate) -> ModelFacts:
    checkpoint = model.checkpoint
    blocks = "" if checkpoint.blocks is None else f"{checkpoint.blocks} block{'' if checkpoint.blocks == 1 else 's'}, "
    return ModelFacts(
        name=printable(model.name),
        role="teacher" if model.is_teacher else "student",
        architecture=printable(checkpoint.architecture),
        size=f"{blocks}{millions(checkpoint.parameters)} parameters",
        hash=checkpoint.hash.removeprefix("sha256:")[:10],
    )
