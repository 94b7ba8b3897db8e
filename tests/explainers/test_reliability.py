"""Reliability of an explainer from two halves of its sample, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from xkd_bench.explainers import reliability


def test_reliability_of_the_whole_from_its_halves():
    first, second = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 3.0, 2.0, 4.0])
    assert reliability(first, second) == pytest.approx(2 * 0.8 / 1.8)
    assert reliability(first, first) == 1.0


def test_where_there_is_none():
    first = np.array([1.0, 2.0, 3.0, 4.0])
    for second in (-first, np.full(4, 0.1)):
        assert math.isnan(reliability(first, second))
    assert math.isnan(reliability(first[:1], first[:1]))
    assert math.isnan(reliability(first[:0], first[:0]))


def test_it_is_the_correlation_of_two_whole_samples():
    """Scores are a truth and noise; halves have twice the noise's variance."""
    random = np.random.default_rng(0)
    truth = random.normal(size=20_000)
    halves = truth + random.normal(scale=np.sqrt(2), size=(2, 20_000))
    wholes = truth + random.normal(size=(2, 20_000))
    assert reliability(*halves) == pytest.approx(np.corrcoef(wholes)[0, 1], abs=0.02)
