"""Perturbed examples as one standalone HTML page: texts with what went and came, images with their difference."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from xkd_bench.cli.pages import standalone
from xkd_bench.cli.perturbed_examples import PerturbedExample, PerturbedExamples, Piece, segments
from xkd_bench.cli.views.perturb import summary, what_it_does
from xkd_bench.perturbations.contract import Pixels
from xkd_bench.tasks.examples import ImageInput
from xkd_bench.terminal.printable import printable

LARGEST = 512  # pixels a side on the page


@dataclass(frozen=True)
class Row:
    """One example. texts: of a pair two; pictures: (caption, data URI) of an image. moved: how far, in words."""

    example_id: str
    texts: tuple[tuple[Piece, ...], ...]
    pictures: tuple[tuple[str, str], ...]
    applied: bool
    moved: str


@dataclass(frozen=True)
class Page:
    title: str
    perturbation: str
    what: str
    summary: str
    protocol: str
    rows: tuple[Row, ...]


def write_page(found: PerturbedExamples, path: Path) -> None:
    page = Page(
        title=printable(found.task.title),
        perturbation=found.card.title,
        what=what_it_does(found),
        summary=summary(found),
        protocol=f"{found.strength.replace('_', ' ')}, draw {found.draw}",
        rows=tuple(map(_row, found.rows)),
    )
    text = standalone.render("perturb.html.j2", ("perturb.css",), images=True, page=page)
    standalone.write(path, text, "nothing else was written")


def _row(one: PerturbedExample) -> Row:
    pictures: tuple[tuple[str, str], ...] = ()
    if isinstance(one.before, ImageInput) and isinstance(one.after, ImageInput):
        moved = np.abs(one.after.pixels.astype(np.int16) - one.before.pixels).astype(np.uint8)
        shown = (("before", one.before.pixels), ("after", one.after.pixels), ("difference", moved))
        pictures = tuple((caption, _data(pixels)) for caption, pixels in shown)
    return Row(
        example_id=printable(one.example_id),
        texts=tuple(
            tuple((kind, printable(words)) for kind, words in pieces) for pieces in segments(one.before, one.after)
        ),
        pictures=pictures,
        applied=one.after is not None,
        moved=_moved(one),
    )


def _moved(one: PerturbedExample) -> str:
    if "pixels" in one.distance:
        return f"moved by {one.distance['pixels']:.3f} of the range a pixel"
    if "characters" in one.distance:
        return f"{_counted(one.distance['characters'], 'letter')}, {_counted(one.distance['words'], 'word')}"
    return "cannot be changed so"


def _counted(number: float, of: str) -> str:
    return f"{number:.0f} {of}{'' if number == 1 else 's'}"


def _data(pixels: Pixels) -> str:
    image = Image.fromarray(pixels)
    image.thumbnail((LARGEST, LARGEST))
    file = io.BytesIO()
    image.save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
