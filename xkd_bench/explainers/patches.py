"""Units of an image: the patches of a grid that both models can be read on, and scores carried to them by area.

Two vision transformers may cut an image into 14×14 and into 8×8 patches, and see it at different resolutions. They
have the raw image in common; it is cut by the coarser of the two grids, and scores of pixels or of finer patches are
shared out by the area they have in each patch, so that their sum is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xkd_bench.tasks.examples import ImageInput

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Pixels = NDArray[np.uint8]
ImageFill = Literal["mean", "blur"]

DEFAULT_SIDE = 8  # patches a side where no model says how it cuts an image
BLUR_SHARE = 0.5  # of a patch's side: the blur's radius, at which nothing smaller than a patch is left to see


class Grid(NamedTuple):
    """Patches of an image: `rows` from top to bottom, `columns` from left to right."""

    rows: int
    columns: int


@dataclass(frozen=True)
class Patch:
    """One patch, counted from 0 at the top left."""

    row: int
    column: int

    is_punctuation: Literal[False] = False


def common_grid(grids: Iterable[Grid | None]) -> Grid:
    """The coarser of the models' grids, axis by axis; 8×8 where none of them has one."""
    known = [grid for grid in grids if grid is not None]
    if not known:
        return Grid(DEFAULT_SIDE, DEFAULT_SIDE)
    return Grid(min(grid.rows for grid in known), min(grid.columns for grid in known))


def grid_of(image: ImageInput, grid: Grid) -> Grid:
    """The grid for this image: no patch is smaller than a pixel."""
    height, width = image.pixels.shape[:2]
    return Grid(min(grid.rows, height), min(grid.columns, width))


def patches_of(image: ImageInput, grid: Grid) -> tuple[Patch, ...]:
    """The patches of an image in reading order."""
    own = grid_of(image, grid)
    return tuple(Patch(row, column) for row in range(own.rows) for column in range(own.columns))


def edges(size: int, parts: int) -> NDArray[np.int64]:
    """Where `parts` whole-pixel pieces of `size` ≥ `parts` pixels begin and end, (parts + 1,); sizes differ by one at
    most."""
    return np.asarray((2 * np.arange(parts + 1) * size + parts) // (2 * parts), dtype=np.int64)


def shares(size: int, parts: int) -> FloatArray:
    """Which share of each of `size` equal pieces of a line lies in each of `parts` equal pieces of it, (parts, size);
    columns sum to 1."""
    of_parts, of_pieces = np.arange(parts + 1) / parts, np.arange(size + 1) / size
    low = np.maximum(of_parts[:-1, None], of_pieces[None, :-1])
    high = np.minimum(of_parts[1:, None], of_pieces[None, 1:])
    overlap = np.maximum(high - low, 0.0) * size
    return np.asarray(overlap / overlap.sum(axis=0, keepdims=True))


def on_grid(scores: FloatArray, grid: Grid) -> FloatArray:
    """Scores of pixels or finer patches (h, w) as those of the grid's patches in reading order, (rows · columns,).

    Σ is kept. Where h and w are multiples of the grid's sides it is the sum over each patch.
    """
    height, width = scores.shape
    found: FloatArray = shares(height, grid.rows) @ np.asarray(scores, np.float64) @ shares(width, grid.columns).T
    return found.ravel()


def fill_image(image: ImageInput, grid: Grid, fill: ImageFill, mean: FloatArray) -> Pixels:
    """What stands in the place of masked patches, (height, width, 3): the mean colour (3,) of the task's images
    (0…255), or the image blurred until nothing smaller than a patch can be seen."""
    if fill == "mean":
        return np.broadcast_to(np.rint(mean).astype(np.uint8), image.pixels.shape)
    from PIL import Image, ImageFilter

    own = grid_of(image, grid)
    height, width = image.pixels.shape[:2]
    radius = BLUR_SHARE * max(height / own.rows, width / own.columns)
    return np.asarray(Image.fromarray(image.pixels).filter(ImageFilter.GaussianBlur(radius)), dtype=np.uint8)


def masked_images(image: ImageInput, grid: Grid, masks: BoolArray, filled: Pixels) -> list[ImageInput]:
    """The image once for each of `masks` (m, n), with the patches where it is False as in `filled`."""
    own = grid_of(image, grid)
    height, width = image.pixels.shape[:2]
    of_row = np.repeat(np.arange(own.rows), np.diff(edges(height, own.rows)))
    of_column = np.repeat(np.arange(own.columns), np.diff(edges(width, own.columns)))
    patch = of_row[:, None] * own.columns + of_column[None, :]
    return [ImageInput(np.where(mask[patch][:, :, None], image.pixels, filled)) for mask in masks]


def mean_colour(images: Iterable[ImageInput]) -> FloatArray:
    """Mean of every pixel of the images, a channel at a time, (3,); exact, so the order of the images says nothing."""
    total, count = np.zeros(3, dtype=np.int64), 0
    for image in images:
        total += image.pixels.sum(axis=(0, 1), dtype=np.int64)
        count += image.pixels.shape[0] * image.pixels.shape[1]
    return np.asarray(total / count)
