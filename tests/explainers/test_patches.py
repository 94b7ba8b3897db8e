"""Patches of an image: whole pixels, sums kept, two models' grids met on the coarser one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xkd_bench.explainers.patches import (
    Grid,
    common_grid,
    edges,
    fill_image,
    grid_of,
    masked_images,
    mean_colour,
    on_grid,
    patches_of,
    shares,
)
from xkd_bench.tasks.examples import ImageInput

SIDES = st.integers(1, 20)


def image(height: int, width: int) -> ImageInput:
    return ImageInput(np.random.default_rng(height * 100 + width).integers(0, 256, (height, width, 3), dtype=np.uint8))


def test_finer_patches_are_summed_and_a_patch_between_two_is_shared_by_area() -> None:
    fine = np.arange(16.0).reshape(4, 4)
    assert on_grid(fine, Grid(2, 2)).tolist() == [10.0, 18.0, 42.0, 50.0]
    assert on_grid(fine, Grid(4, 4)).tolist() == fine.ravel().tolist()
    assert on_grid(np.array([[3.0, 6.0, 9.0]]), Grid(1, 2)) == pytest.approx([6.0, 12.0]), "the middle one is halved"
    assert on_grid(np.array([[8.0]]), Grid(2, 2)).tolist() == [2.0] * 4


@given(SIDES, SIDES, SIDES, SIDES)
def test_sums_are_kept(height: int, width: int, rows: int, columns: int) -> None:
    scores = np.random.default_rng(height + 31 * width).normal(size=(height, width))
    found = on_grid(scores, Grid(rows, columns))
    assert found.shape == (rows * columns,)
    np.testing.assert_allclose(found.sum(), scores.sum(), atol=1e-10)
    np.testing.assert_allclose(shares(height, rows).sum(axis=0), 1.0)


@given(st.integers(1, 40), st.integers(1, 40))
def test_pieces_are_whole_pixels_of_nearly_one_size(size: int, parts: int) -> None:
    parts = min(size, parts)
    found = np.diff(edges(size, parts))
    assert found.sum() == size
    assert found.min() >= 1
    assert found.max() - found.min() <= 1


def test_masked_patches_are_filled_and_the_others_are_untouched() -> None:
    picture, grid = image(4, 6), Grid(2, 3)
    assert [(patch.row, patch.column) for patch in patches_of(picture, grid)] == [
        (0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2),
    ]  # fmt: skip
    filled = fill_image(picture, grid, "mean", np.array([10.4, 20.0, 30.5]))
    assert filled[0, 0].tolist() == [10, 20, 30]
    masks = np.ones((3, 6), dtype=np.bool_)
    masks[1, 4], masks[2] = False, False
    whole, one_out, none = (found.pixels for found in masked_images(picture, grid, masks, filled))
    assert (whole == picture.pixels).all()
    assert (none == filled).all()
    inside = np.zeros((4, 6), dtype=np.bool_)
    inside[2:4, 2:4] = True
    assert (one_out[inside] == [10, 20, 30]).all()
    assert (one_out[~inside] == picture.pixels[~inside]).all()


def test_a_blurred_fill_hides_what_is_smaller_than_a_patch() -> None:
    board = np.indices((16, 16)).sum(axis=0) % 2 * 255
    picture = ImageInput(np.repeat(board[:, :, None], 3, axis=2).astype(np.uint8))
    blurred = fill_image(picture, Grid(4, 4), "blur", np.zeros(3))
    assert np.ptp(blurred) < 30
    assert abs(float(blurred.mean()) - 127.5) < 3
    assert fill_image(ImageInput(np.full((1, 1, 3), 7, np.uint8)), Grid(4, 4), "blur", np.zeros(3)).tolist() == [
        [[7] * 3]
    ]


def test_the_coarser_grid_is_common_and_no_patch_is_below_a_pixel() -> None:
    assert common_grid([Grid(14, 14), Grid(8, 8)]) == Grid(8, 8)
    assert common_grid([Grid(14, 7), None, Grid(8, 16)]) == Grid(8, 7)
    assert common_grid([None]) == Grid(8, 8)
    assert grid_of(image(1, 1), Grid(8, 8)) == Grid(1, 1)
    assert len(patches_of(image(2, 30), Grid(8, 8))) == 2 * 8


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_mean_colour_is_that_of_every_pixel(order: tuple[int, ...]) -> None:
    images = [image(3, 5), image(8, 2)]
    pixels = np.concatenate([one.pixels.reshape(-1, 3) for one in images])
    np.testing.assert_allclose(mean_colour([images[i] for i in order]), pixels.mean(axis=0), rtol=1e-14)
