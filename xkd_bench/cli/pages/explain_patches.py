"""Explained patches on the page: the image, and a map for each model as an overlay on it, in SVG."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from xkd_bench.cli.explain_wording import (
    MINUS,
    SIGN_FROM,
    cosine_words,
    decimals,
    has_scores,
    largest_score,
    notes,
    signed,
    similarity,
    source_words,
    strengths,
)
from xkd_bench.engine.comparison import Comparison, ExplainedBy, ExplainedInput, ModelScores
from xkd_bench.explainers.patches import edges
from xkd_bench.tasks.examples import ImageInput
from xkd_bench.terminal.printable import printable

LARGEST_PICTURE = 512  # pixels a side on the page; what is explained keeps its own size
COARSE = 160  # an image of fewer pixels a side is shown pixel by pixel
LARGEST_SIGN = 0.065  # of the image's width
FULL = 0.82  # opacity of the largest score: the image still shows through


@dataclass(frozen=True)
class Picture:
    """width, height: of the image in its own pixels, the unit of everything drawn. colour, grey: as data URIs."""

    width: int
    height: int
    colour: str
    grey: str
    coarse: bool


@dataclass(frozen=True)
class PatchCell:
    """One patch: where it is, its class name and opacity, and what is told of it. sign: empty for next to nothing."""

    x: int
    y: int
    width: int
    height: int
    kind: str
    opacity: str
    title: str
    sign: str


@dataclass(frozen=True)
class HeatMap:
    """One model. fact: the cosine with the first model, or that it is the teacher. largest: |score| of full colour."""

    name: str
    fact: str
    largest: str
    cells: tuple[PatchCell, ...]


@dataclass(frozen=True)
class MapBlock:
    """One explainer on one image. sign: size of the signs. numbers: for each patch its place and each model's score."""

    title: str
    source: str
    maps: tuple[HeatMap, ...]
    sign: str
    notes: tuple[str, ...]
    numbers: tuple[tuple[str, ...], ...]


def picture_of(one: ExplainedInput) -> Picture | None:
    """The image of an input; None for a text."""
    if not isinstance(one.input, ImageInput):
        return None
    image = Image.fromarray(one.input.pixels)
    width, height = image.size
    image.thumbnail((LARGEST_PICTURE, LARGEST_PICTURE))
    return Picture(width, height, _data_uri(image), _data_uri(image.convert("L")), max(width, height) < COARSE)


def _data_uri(image: Image.Image) -> str:
    content = io.BytesIO()
    image.save(content, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"


def map_block(comparison: Comparison, one: ExplainedInput, found: ExplainedBy) -> MapBlock:
    """The maps of one explainer."""
    places = decimals(found)
    maps = [
        HeatMap(
            name=printable(model.name),
            fact=f"cosine {similarity(row)}" if similarity(row) else cosine_words(row, model.is_teacher),
            largest=largest_score(row, places) if has_scores(row) else "",
            cells=_cells(one, row, places),
        )
        for model, row in zip(comparison.models, found.rows, strict=True)
    ]
    shown = [[signed(float(score), places) if has_scores(row) else "–" for score in row.scores] for row in found.rows]
    return MapBlock(
        title=found.title,
        source=source_words(comparison, found),
        maps=tuple(maps),
        sign=f"{_sign_size(one):.2f}",
        notes=tuple(notes(comparison, found)),
        numbers=tuple((_place(one, i), *(own[i] for own in shown)) for i in range(len(one.units))),
    )


def _place(one: ExplainedInput, position: int) -> str:
    assert one.grid is not None
    row, column = divmod(position, one.grid.columns)
    return f"{row + 1}, {column + 1}"


def _sign_size(one: ExplainedInput) -> float:
    """In pixels of the image, as everything drawn: half a patch, and no more than can be read."""
    assert one.grid is not None
    assert isinstance(one.input, ImageInput)
    height, width = one.input.pixels.shape[:2]
    return float(min(0.5 * height / one.grid.rows, 0.5 * width / one.grid.columns, LARGEST_SIGN * width))


def _cells(one: ExplainedInput, row: ModelScores, places: int) -> tuple[PatchCell, ...]:
    """Every patch in reading order, at its own pixels; none for a model without scores."""
    if not has_scores(row):
        return ()
    assert one.grid is not None
    assert isinstance(one.input, ImageInput)
    height, width = one.input.pixels.shape[:2]
    tops, lefts = edges(height, one.grid.rows), edges(width, one.grid.columns)
    cells = []
    for position, (strength, score) in enumerate(zip(strengths(row), row.scores, strict=True)):
        at_row, at_column = divmod(position, one.grid.columns)
        strong = abs(strength) >= SIGN_FROM
        cells.append(
            PatchCell(
                x=int(lefts[at_column]),
                y=int(tops[at_row]),
                width=int(np.diff(lefts)[at_column]),
                height=int(np.diff(tops)[at_row]),
                kind="for" if strength > 0 else "against",
                opacity=f"{FULL * abs(strength):.3f}",
                title=f"row {at_row + 1}, column {at_column + 1}: {signed(float(score), places)}",
                sign=("+" if strength > 0 else MINUS) if strong else "",
            )
        )
    return tuple(cells)
