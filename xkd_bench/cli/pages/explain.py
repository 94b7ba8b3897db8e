"""A comparison as one standalone HTML page: the words or patches of every model, every number within reach.

Images stand in it as data; the rest is what every standalone page promises.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xkd_bench.cli.explain_wording import (
    colour_words,
    directions,
    facts,
    headings,
    knows_empty,
    of_images,
    order_notes,
    scalar,
    scalar_words,
)
from xkd_bench.cli.pages import standalone
from xkd_bench.cli.pages.explain_patches import MapBlock, Picture, map_block, picture_of
from xkd_bench.cli.pages.explain_words import LEVELS, WordBlock, word_block
from xkd_bench.engine.comparison import Comparison, ExplainedInput
from xkd_bench.engine.comparison_plan import Candidate
from xkd_bench.leaderboard.cells import millions
from xkd_bench.terminal.printable import printable

LONGEST_TEXT = 400


@dataclass(frozen=True)
class Answered:
    """differs: the model does not predict the explained class."""

    name: str
    predicted: str
    probability: str
    value: str
    of_nothing: str
    differs: bool


@dataclass(frozen=True)
class Section:
    """One text, or one image. picture: of an image."""

    headings: tuple[str, ...]
    facts: tuple[str, ...]
    answers: tuple[Answered, ...]
    knows_empty: bool
    picture: Picture | None
    blocks: tuple[WordBlock | MapBlock, ...]


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
    of_images: bool
    scalar: str
    colour: str
    against: str
    towards: str
    protocol: str
    names: tuple[str, ...]
    sections: tuple[Section, ...]
    models: tuple[ModelFacts, ...]
    notes: tuple[str, ...]


def write_page(comparison: Comparison, path: Path) -> None:
    """Write the page, whole or not at all."""
    standalone.write(path, render(comparison), "what was measured is in the store")


def render(comparison: Comparison) -> str:
    """The page as text."""
    return standalone.render(
        "explain.html.j2",
        ("explain.css",),
        images=of_images(comparison),
        page=page_of(comparison),
        levels=range(1, LEVELS + 1),
    )


def page_of(comparison: Comparison) -> Page:
    against, towards = directions(comparison)
    return Page(
        title=printable(comparison.card.title),
        regression=comparison.card.kind == "regression",
        of_images=of_images(comparison),
        scalar=scalar_words(comparison),
        colour=colour_words(comparison),
        against=against,
        towards=towards,
        protocol=f"{comparison.protocol.name} (version {comparison.protocol.version})",
        names=tuple(printable(model.name) for model in comparison.models),
        sections=tuple(_section(comparison, one) for one in comparison.inputs),
        models=tuple(_facts(model) for model in comparison.models),
        notes=tuple(order_notes(comparison)),
    )


def _section(comparison: Comparison, one: ExplainedInput) -> Section:
    block = map_block if of_images(comparison) else word_block
    return Section(
        headings=tuple(headings(one, LONGEST_TEXT)),
        facts=tuple(facts(comparison, one)),
        answers=tuple(
            Answered(
                name=printable(model.name),
                predicted=printable(answer.predicted or ""),
                probability="" if answer.probability is None else f"{answer.probability:.3f}",
                value=scalar(comparison, answer.value),
                of_nothing=scalar(comparison, answer.of_nothing),
                differs=answer.predicted != one.target,
            )
            for model, answer in zip(comparison.models, one.answers, strict=True)
        ),
        knows_empty=knows_empty(one),
        picture=picture_of(one),
        blocks=tuple(block(comparison, one, found) for found in one.explainers) if one.units else (),
    )


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
