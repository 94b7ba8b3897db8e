"""Maskings: all of them or a paired sample, the law they stand for, and the same ones everywhere."""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xkd_bench.explainers import halves, plan_coalitions
from xkd_bench.explainers.coalitions import kept_all, kept_none, law_weights


def row_set(masks):
    return {row.tobytes() for row in masks}


@pytest.mark.parametrize("n", range(11))
def test_all_maskings_in_order_of_bits(n):
    coalitions = plan_coalitions(n, 1024, 1024, ("seed",))
    assert coalitions.enumerated
    assert not coalitions.truncated_singles
    assert coalitions.masks.shape == (2**n, n)
    assert (coalitions.masks @ (1 << np.arange(n)) == np.arange(2**n)).all()


def test_two_units_by_hand():
    assert plan_coalitions(2, 4, 2, ()).masks.tolist() == [[False, False], [True, False], [False, True], [True, True]]


@settings(max_examples=150, deadline=None)
@given(n=st.integers(0, 90), all_up_to=st.integers(0, 300), sample=st.integers(2, 400), seed=st.integers(0, 99))
def test_what_holds_for_every_plan(n, all_up_to, sample, seed):
    coalitions = plan_coalitions(n, all_up_to, sample, (seed,))
    masks = coalitions.masks
    assert len(row_set(masks)) == len(masks) or n == 0
    assert masks[kept_all(masks)].all()
    assert not masks[kept_none(masks)].any()
    if coalitions.enumerated:
        assert len(masks) == 2**n <= max(all_up_to, sample)
        return
    assert masks.shape == (sample // 2 * 2, n)
    assert (masks[0::2] == ~masks[1::2]).all()
    outs = (masks.sum(axis=1) == n - 1).sum()
    ins = (masks.sum(axis=1) == 1).sum()
    assert coalitions.truncated_singles == (2 + 2 * n > len(masks))
    assert outs == ins == (n if not coalitions.truncated_singles else (len(masks) // 2 - 1) // 2)
    assert (plan_coalitions(n, all_up_to, sample, (seed,)).masks == masks).all()


def test_a_text_longer_than_the_sample():
    coalitions = plan_coalitions(3000, 1024, 1024, ("seed",))
    assert coalitions.truncated_singles
    assert coalitions.masks.shape == (1024, 3000)
    assert (coalitions.masks.sum(axis=1) == 2999).sum() == 255


@pytest.mark.parametrize(("n", "sample"), [(-1, 10), (3, 1), (3, 0)])
def test_impossible_plans(n, sample):
    with pytest.raises(ValueError, match="at least 2 maskings"):
        plan_coalitions(n, 0, sample, ())


def test_other_words_another_sample():
    samples = [plan_coalitions(20, 256, 256, words).masks for words in (("a", 1), ("a", 2), ("b", 1))]
    assert not (samples[0] == samples[1]).all()
    assert not (samples[0] == samples[2]).all()


def test_drawn_sizes_and_units_are_uniform():
    n, draws = 12, 40
    masks = np.concatenate([plan_coalitions(n, 0, 300, (seed,)).masks[2 + 2 * n :] for seed in range(draws)])
    sizes = np.bincount(masks.sum(axis=1), minlength=n + 1)
    assert sizes[[0, 1, n - 1, n]].sum() == 0
    # A sample holds each of the C(12, 2) maskings of two units at most once; it is far from that here.
    np.testing.assert_allclose(sizes[2 : n - 1] / len(masks), 1 / (n - 3), rtol=0.05)
    expected = draws * 274 / 2
    assert np.abs(masks.sum(axis=0) - expected).max() < 5 * math.sqrt(expected)


def test_small_classes_are_used_up_before_a_masking_comes_twice():
    masks = plan_coalitions(9, 0, 510, ("seed",)).masks
    assert len(row_set(masks)) == 510
    assert np.bincount(masks.sum(axis=1)).tolist()[:3] == [1, 9, 36]


def test_same_sample_in_every_process():
    program = (
        "import hashlib; from xkd_bench.explainers.coalitions import plan_coalitions;"
        "print(hashlib.sha256(b''.join(plan_coalitions(n, 64, 200, ('suite', 'task', n)).masks.tobytes()"
        " for n in (9, 30, 150))).hexdigest())"
    )
    here = b"".join(plan_coalitions(n, 64, 200, ("suite", "task", n)).masks.tobytes() for n in (9, 30, 150))
    for hash_seed in ("0", "77"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        result = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
        )
        assert result.stdout.strip() == hashlib.sha256(here).hexdigest()


def test_law_weights_by_hand():
    masks = np.array([[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [1, 1, 1, 1]], dtype=bool)
    mass = np.array([0.1, 0.2, 0.3, 0.25, 0.15])
    # Two kept goes to one kept; three kept is as near to nothing but four: one of distance 2, four of distance 1.
    np.testing.assert_allclose(law_weights(masks, mass), [0.1, 0.25, 0.25, 0.4])
    masks[2] = [1, 1, 1, 0]
    np.testing.assert_allclose(law_weights(masks, mass), [0.1, 0.2 + 0.15, 0.15 + 0.25, 0.15])


@given(n=st.integers(1, 40), sample=st.integers(2, 120), seed=st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_law_weights_keep_the_mass(n, sample, seed):
    masks = plan_coalitions(n, 64, sample, (seed,)).masks
    mass = np.random.default_rng(seed).random(n + 1)
    assert law_weights(masks, mass).sum() == pytest.approx(mass.sum())


@pytest.mark.parametrize(("n", "sample"), [(12, 256), (60, 256), (13, 29), (200, 256), (50, 2)])
def test_halves_share_only_what_every_sample_holds(n, sample):
    coalitions = plan_coalitions(n, 0, sample, ("seed",))
    first, second = halves(coalitions)
    shared = set(first) & set(second)
    fixed = 2 if coalitions.truncated_singles else 2 + 2 * n
    assert shared == set(range(fixed))
    assert set(first) | set(second) == set(range(len(coalitions.masks)))
    assert 0 <= len(first) - len(second) <= 2
    for rows in (first, second):
        assert (coalitions.masks[rows][0::2] == ~coalitions.masks[rows][1::2]).all()


def test_all_maskings_have_no_halves():
    with pytest.raises(ValueError, match="reliability is 1"):
        halves(plan_coalitions(3, 8, 8, ()))
