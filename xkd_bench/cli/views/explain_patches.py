"""Explained patches in the terminal: a map for each model, side by side; shaded cells with signs, else numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from rich.cells import cell_len
from rich.text import Text

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
from xkd_bench.cli.views.explain_layout import Layout, block_style
from xkd_bench.engine.comparison import ExplainedBy, ExplainedInput, ModelScores
from xkd_bench.explainers.patches import Grid
from xkd_bench.tasks.examples import ImageInput

GAP = 3
WIDEST_MAP = 32  # characters of a shaded map, where its grid leaves a choice
LARGEST_CELL = 4  # lines of a patch, twice as many characters


@dataclass(frozen=True)
class Panel:
    """One map. heads: bold, then dim lines above it."""

    heads: tuple[str, ...]
    lines: tuple[Text, ...]

    @property
    def width(self) -> int:
        return max(line.cell_len for line in (*map(Text, self.heads), *self.lines))


def print_patches(layout: Layout, one: ExplainedInput, found: ExplainedBy) -> None:
    """The maps of one explainer; where there is colour, beside the image."""
    assert one.grid is not None
    assert isinstance(one.input, ImageInput)
    layout.line(Text().append(found.title, "bold").append(f"  {source_words(layout.comparison, found)}", "dim"))
    cell = _cell_lines(one.grid, len(found.rows) + 1, layout.console.width)
    colours = layout.shaded and layout.console.color_system != "standard"  # sixteen colours show no image
    panels = [Panel(("image", "", ""), tuple(_picture(one.input, one.grid, cell)))] if colours else []
    for name, model, row in zip(layout.names, layout.comparison.models, found.rows, strict=True):
        cosine = f"cosine {similarity(row)}" if similarity(row) else cosine_words(row, model.is_teacher)
        lines: Sequence[Text] = ()
        if has_scores(row):
            lines = _shaded(row, one.grid, cell) if layout.shaded else _numbers(row, one.grid, decimals(found))
        full = f"full colour {largest_score(row, decimals(found))}" if layout.shaded and has_scores(row) else ""
        panels.append(Panel((name, cosine, *[full] * layout.shaded), tuple(lines)))
    for place, band in enumerate(_bands(panels, layout.console.width)):
        if place:
            layout.console.print()
        _print_band(layout, band)
    layout.warn(notes(layout.comparison, found))


def _cell_lines(grid: Grid, maps: int, room: int) -> int:
    """How many lines a patch takes: as many as let all maps stand side by side, each about a square."""
    fits = [
        lines
        for lines in range(1, LARGEST_CELL + 1)
        if 2 * lines * grid.columns <= WIDEST_MAP and maps * (2 * lines * grid.columns + GAP) - GAP <= room
    ]
    return max(fits, default=1)


def _picture(image: ImageInput, grid: Grid, cell: int) -> list[Text]:
    """The image, each half of a character one colour."""
    width, height = 2 * cell * grid.columns, cell * grid.rows
    small = np.asarray(Image.fromarray(image.pixels).resize((width, 2 * height), Image.Resampling.BOX))
    lines = []
    for row in range(height):
        line = Text()
        for upper, lower in zip(small[2 * row], small[2 * row + 1], strict=True):
            line.append("▀", f"{_hex(upper)} on {_hex(lower)}")
        lines.append(line)
    return lines


def _hex(colour: Sequence[int]) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in colour)


def _shaded(row: ModelScores, grid: Grid, cell: int) -> list[Text]:
    """Every patch as a block of its shade, with its sign in the middle where it has a say."""
    values = strengths(row).reshape(grid)
    lines = []
    for of_row in values:
        for line in range(cell):
            text = Text()
            for strength in of_row:
                sign = "" if abs(strength) < SIGN_FROM or line != (cell - 1) // 2 else "+" if strength > 0 else MINUS
                text.append(sign.center(2 * cell), block_style(float(strength)))
            lines.append(text)
    return lines


def _numbers(row: ModelScores, grid: Grid, places: int) -> list[Text]:
    shown = [signed(float(score), places) for score in row.scores]
    width = max(map(cell_len, shown))
    return [
        Text(" ".join(score.rjust(width) for score in shown[start : start + grid.columns]))
        for start in range(0, len(shown), grid.columns)
    ]


def _bands(panels: Sequence[Panel], room: int) -> list[list[Panel]]:
    """As many panels side by side as the terminal holds."""
    bands: list[list[Panel]] = []
    used = 0
    for panel in panels:
        if not bands or used + panel.width > room:
            bands.append([])
            used = 0
        bands[-1].append(panel)
        used += panel.width + GAP
    return bands


def _print_band(layout: Layout, band: Sequence[Panel]) -> None:
    for place in range(max(len(panel.heads) for panel in band)):
        _print_beside(layout, band, [Text(panel.heads[place], "dim" if place else "bold") for panel in band])
    for place in range(max(len(panel.lines) for panel in band)):
        own = [panel.lines[place] if place < len(panel.lines) else Text() for panel in band]
        _print_beside(layout, band, own)


def _print_beside(layout: Layout, band: Sequence[Panel], parts: Sequence[Text]) -> None:
    """One line of every panel, with nothing after the last."""
    line, left = Text(), 0
    for panel, part in zip(band, parts, strict=True):
        line.append(" " * (left - line.cell_len) * bool(part)).append_text(part)
        left += panel.width + GAP
    layout.line(line)
