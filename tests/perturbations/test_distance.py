"""How far a perturbation moved an input."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from xkd_bench.perturbations.distance import distances
from xkd_bench.tasks.examples import ImageInput, TextInput

TEXTS = st.text(alphabet="ab ,", max_size=8)


def slow_levenshtein(one, other):
    if not one or not other:
        return len(one) + len(other)
    return min(
        slow_levenshtein(one[1:], other) + 1,
        slow_levenshtein(one, other[1:]) + 1,
        slow_levenshtein(one[1:], other[1:]) + (one[0] != other[0]),
    )


def test_letters_and_words_are_counted():
    assert distances(TextInput("A good film."), TextInput("A goof film.")) == {"characters": 1, "words": 1}
    assert distances(TextInput("A good film."), TextInput("A film good.")) == {"characters": 8, "words": 2}
    assert distances(TextInput("a b", "c d"), TextInput("a b", "c  e")) == {"characters": 2, "words": 1}
    assert distances(TextInput("Stop."), TextInput("Stop!")) == {"characters": 1, "words": 1}


def test_pixels_are_a_share_of_the_range():
    black, white = np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 255, np.uint8)
    half = white.copy()
    half[0] = 0
    assert distances(ImageInput(black), ImageInput(white)) == {"pixels": 1}
    assert distances(ImageInput(white), ImageInput(half)) == {"pixels": 0.5}


@settings(deadline=None, max_examples=60)
@given(before=TEXTS, after=TEXTS)
def test_it_is_the_edit_distance_and_a_distance(before, after):
    found = distances(TextInput(before), TextInput(after))
    assert found == distances(TextInput(after), TextInput(before))
    assert (found["characters"] == 0) == (before == after)
    if len(before) + len(after) <= 10:
        assert found["characters"] == slow_levenshtein(before, after)
