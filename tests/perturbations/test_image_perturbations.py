"""Perturbations of images: any size, the same everywhere, and each what its name says."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import gaussian_filter
from texts import GOLDEN

from xkd_bench.perturbations import registry
from xkd_bench.randomness import generator

NAMES = [name for name, card in registry.cards().items() if card.modality == "image"]
SIZES = [(1, 1), (3, 7), (32, 32), (500, 2), (48, 64)]
SEEDS = st.integers(0, 10**6)


def once(name, pixels, seed=0):
    return registry.load(name).perturb(pixels, generator("test", seed))


def random_picture(seed=0, height=32, width=40):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def smooth_picture(height=32, width=32):
    rows, columns = np.mgrid[:height, :width]
    return np.stack([60 + 2 * rows, 80 + 2 * columns, 90 + rows + columns], axis=-1).astype(np.uint8)


def test_there_are_six():
    assert NAMES == ["brightness", "contrast", "gaussian_blur", "gaussian_noise", "jpeg", "shift"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", SIZES)
def test_shape_and_kind_are_kept_and_the_original_too(name, size):
    before = random_picture(1, *size)
    kept = before.copy()
    after = once(name, before)
    assert after.shape == before.shape
    assert after.dtype == np.uint8
    assert np.array_equal(before, kept)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", ["a", "c"])
def test_golden_pictures(name, seed):
    with Image.open(GOLDEN / name / "before.png") as before, Image.open(GOLDEN / name / f"after_{seed}.png") as after:
        found = registry.load(name).perturb(np.asarray(before), generator("golden", seed))
        assert np.array_equal(found, np.asarray(after))


@pytest.mark.parametrize("name", NAMES)
def test_a_draw_repeats_and_another_differs(name):
    pictures = [once(name, random_picture(), seed) for seed in (1, 1, 2, 3, 4)]
    assert np.array_equal(pictures[0], pictures[1])
    assert len({picture.tobytes() for picture in pictures}) > 2
    assert not np.array_equal(pictures[0], random_picture())


DIGESTS = """
from xkd_bench.perturbations.registry import cards, load
from xkd_bench.perturbations.sets import perturb
from xkd_bench.tasks.loading import load as examples_of
from xkd_bench.tasks.registry import find_task
examples = examples_of(find_task("demo/digits"), "evaluation", None).take(ORDER)
for name, card in cards().items():
    if card.modality == "image":
        made = perturb(examples, load(name), 1, 2026).examples
        back = dict(zip(made.example_ids, made.inputs))
        print(name, [back[i].pixels.tobytes().hex() for i in sorted(back)])
"""


def test_pictures_depend_on_no_process_no_hash_seed_and_no_order():
    said = [
        subprocess.run(
            [sys.executable, "-c", DIGESTS.replace("ORDER", order)],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, order in (("1", "range(20)"), ("2", "range(19, -1, -1)"))
    ]
    assert said[0] == said[1]
    assert len(said[0].splitlines()) == len(NAMES)


@settings(deadline=None, max_examples=30)
@given(seed=SEEDS)
def test_a_shift_moves_every_pixel_alike_and_repeats_the_edge(seed):
    before = random_picture(3, 32, 32)
    after = once("shift", before, seed)
    moves = [
        (down, right)
        for down in range(-4, 5)
        for right in range(-4, 5)
        if np.array_equal(after[4:-4, 4:-4], before[4 - down : 28 - down, 4 - right : 28 - right])
    ]
    assert len(moves) == 1
    (down, right) = moves[0]
    assert np.hypot(down, right) == pytest.approx(4, abs=0.75)  # an eighth of 32, rounded to whole pixels
    if down > 0:
        assert np.array_equal(after[0], after[down])
    if right < 0:
        assert np.array_equal(after[:, -1], after[:, right - 1])


@settings(deadline=None, max_examples=30)
@given(seed=SEEDS)
def test_brightness_moves_all_pixels_by_one_amount(seed):
    moved = once("brightness", np.full((5, 6, 3), 128, np.uint8), seed).astype(int) - 128
    assert np.unique(moved).size == 1
    assert 25 <= abs(moved[0, 0, 0]) <= 51


@settings(deadline=None, max_examples=30)
@given(seed=SEEDS)
def test_contrast_stretches_around_the_mean_colour(seed):
    before = smooth_picture().astype(float)
    after = once("contrast", smooth_picture(), seed).astype(float)
    inside = (after > 0) & (after < 255)
    mean = before.mean(axis=(0, 1))
    far = inside & (np.abs(before - mean) > 20)
    factors = ((after - mean) / (before - mean))[far]
    assert factors.std() < 0.03
    assert 1.45 < factors.mean() < 2.05 or 1 / 2.05 < factors.mean() < 1 / 1.45
    assert np.array_equal(once("contrast", np.full((4, 4, 3), 77, np.uint8), seed), np.full((4, 4, 3), 77))


def test_blur_is_that_of_scipy_and_keeps_what_is_constant():
    before = random_picture(5, 64, 64)
    after = once("gaussian_blur", before).astype(float)
    channels = np.moveaxis(before.astype(float), -1, 0)
    errors = [
        np.abs(after - np.stack([gaussian_filter(one, sigma, mode="nearest") for one in channels], axis=-1))
        for sigma in 64 * np.linspace(0.02, 0.03, 101)
    ]
    assert min(error.max() for error in errors) < 1.5
    assert after.std() < before.std() / 2
    assert np.array_equal(once("gaussian_blur", np.full((9, 9, 3), 31, np.uint8)), np.full((9, 9, 3), 31))


def test_noise_has_the_deviation_it_says():
    moved = once("gaussian_noise", np.full((200, 200, 3), 128, np.uint8)).astype(float) - 128
    assert moved.mean() == pytest.approx(0, abs=0.3)
    assert moved.std() == pytest.approx(0.08 * 255, rel=0.02)
    assert abs(np.corrcoef(moved[..., 0].ravel(), moved[..., 1].ravel())[0, 1]) < 0.02


def test_jpeg_is_one_of_the_qualities_it_says():
    before = random_picture(7)
    qualities = []
    for quality in range(15, 31):
        file = BytesIO()
        Image.fromarray(before).save(file, "JPEG", quality=quality, subsampling="4:2:0")
        qualities.append(np.asarray(Image.open(file)))
    assert any(np.array_equal(once("jpeg", before), one) for one in qualities)
