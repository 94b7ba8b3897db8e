"""Rank sets: by hand, against a plain loop over scipy's test, and how often they miss."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from xkd_bench.statistics.ranks import rank_sets, rank_sets_of_methods
from xkd_bench.statistics.seeds import seeds_difference


def _draws(values: np.ndarray, error: float, count: int = 4000, seed: int = 0) -> np.ndarray:
    return values[:, np.newaxis] + error * np.random.default_rng(seed).standard_normal((len(values), count))


def test_by_hand_two_that_cannot_be_told_apart_share_the_first_place() -> None:
    values = np.array([0.90, 0.89, 0.50])
    assert rank_sets(values, _draws(values, 0.02)).tolist() == [[1, 2], [1, 2], [3, 3]]


def test_what_all_share_tells_two_apart_that_vary_much_more_than_they_differ() -> None:
    common = 0.05 * np.random.default_rng(1).standard_normal(4000)
    values = np.array([0.80, 0.79])
    alone = values[:, np.newaxis] + 0.05 * np.random.default_rng(2).standard_normal((2, 4000))
    together = values[:, np.newaxis] + common + 0.001 * np.random.default_rng(3).standard_normal((2, 4000))
    assert rank_sets(values, alone).tolist() == [[1, 2], [1, 2]]
    assert rank_sets(values, together).tolist() == [[1, 1], [2, 2]]


def test_equal_rows_share_and_rows_without_any_spread_are_told_apart_by_their_values() -> None:
    draws = _draws(np.array([0.5]), 0.1)[0]
    assert rank_sets(np.array([0.5, 0.5]), np.stack([draws, draws])).tolist() == [[1, 2], [1, 2]]
    assert rank_sets(np.array([0.5, 0.6]), np.stack([draws, draws + 0.1])).tolist() == [[2, 2], [1, 1]]


def test_few_or_no_values() -> None:
    assert rank_sets(np.array([]), np.empty((0, 10))).shape == (0, 2)
    assert rank_sets(np.array([0.3]), np.zeros((1, 10))).tolist() == [[1, 1]]
    with pytest.raises(ValueError, match="finite"):
        rank_sets(np.array([0.3, np.nan]), np.zeros((2, 10)))


@pytest.mark.parametrize("seed", range(5))
def test_against_a_plain_loop_over_pairs(seed: int) -> None:
    random = np.random.default_rng(seed)
    values = random.normal(0.5, 0.05, 7)
    draws = values[:, np.newaxis] + random.normal(0, 0.02, (7, 500)) + random.normal(0, 0.05, 500)
    pairs = [(i, j) for i in range(7) for j in range(i)]
    chances = {}
    for i, j in pairs:
        error = np.std(draws[i] - draws[j], ddof=1)
        chances[i, j] = 2 * norm.sf(abs(values[i] - values[j]) / error)
    apart = set()
    for step, pair in enumerate(sorted(pairs, key=chances.__getitem__)):
        if chances[pair] > 0.05 / (len(pairs) - step):
            break
        apart.add(pair)
    beats = {(i, j) if values[i] > values[j] else (j, i) for i, j in apart}
    expected = [[1 + sum(b == i for _, b in beats), 7 - sum(a == i for a, _ in beats)] for i in range(7)]
    assert rank_sets(values, draws).tolist() == expected


def test_sets_of_equals_miss_in_at_most_one_of_twenty_boards() -> None:
    """Ten entries with one true score and shared examples: a board errs where it tells any two of them apart."""
    errs = 0
    for seed in range(300):
        random = np.random.default_rng(seed)
        hard = random.normal(0, 0.6, 400)
        right = (hard + random.normal(0, 1, (10, 400)) > -1.0).astype(float)
        weights = random.multinomial(400, np.full(400, 1 / 400), size=400) / 400
        errs += bool((rank_sets(right.mean(axis=1), right @ weights.T) != [1, 10]).any())
    assert errs / 300 <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 300)


def test_the_order_of_the_rows_does_not_matter() -> None:
    random = np.random.default_rng(5)
    values = random.normal(0.5, 0.1, 12)
    draws = _draws(values, 0.03, seed=6)
    order = random.permutation(12)
    assert rank_sets(values[order], draws[order]).tolist() == rank_sets(values, draws)[order].tolist()


def _methods(values: list[list[float]], error: float, count: int = 2000, seed: int = 0) -> dict[str, np.ndarray]:
    """Values of each method's seeds, and draws around them that all share most of their noise."""
    random = np.random.default_rng(seed)
    common = error * random.standard_normal(count)
    found = {}
    for place, own in enumerate(values):
        noise = common + 0.1 * error * random.standard_normal((len(own), count))
        found[str(place)] = np.column_stack([own, np.array(own)[:, None] + noise])
    return found


def _places_of(methods: dict[str, np.ndarray], n: int) -> list[list[int]]:
    return rank_sets_of_methods(methods, dict.fromkeys(methods, n), ("x",)).tolist()


def test_methods_by_hand() -> None:
    methods = _methods([[0.90, 0.905, 0.895], [0.894, 0.90, 0.902], [0.70, 0.704, 0.697]], 0.02)
    assert _places_of(methods, 500) == [[1, 2], [1, 2], [3, 3]]


def test_seeds_that_stray_as_far_as_methods_differ_share_all_places() -> None:
    methods = _methods([[0.90, 0.80, 0.70], [0.85, 0.75, 0.65]], 0.001)
    assert _places_of(methods, 500) == [[1, 2], [1, 2]]


@pytest.mark.parametrize("seed", range(4))
def test_methods_are_told_apart_where_their_difference_is_one(seed: int) -> None:
    """Two methods: the place says what the difference over seeds and examples says."""
    random = np.random.default_rng(seed)
    for gap in (0.0, 0.01, 0.03, 0.1):
        own = [random.normal(0.8, 0.01, 3).tolist(), random.normal(0.8 + gap, 0.01, 4).tolist()]
        methods = _methods(own, 0.02, seed=seed)
        p_value = seeds_difference(methods["0"], methods["1"], 400, ("y",)).p_value
        assert p_value is not None
        if not 0.03 < p_value < 0.08:  # the two draw their seeds apart
            apart = _places_of(methods, 400) != [[1, 2], [1, 2]]
            assert apart == (p_value < 0.05)


def test_equal_methods_are_told_apart_in_at_most_one_of_twenty_boards() -> None:
    errs = 0
    for seed in range(300):
        random = np.random.default_rng(seed)
        common = random.normal(0, 0.02, 400)
        methods = {}
        for name in "abcdef":
            own = random.normal(0.8, 0.01, 3)
            methods[name] = np.column_stack([own, own[:, None] + common + random.normal(0, 0.004, (3, 400))])
        errs += _places_of(methods, 300) != [[1, 6]] * 6
    assert errs / 300 <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 300)


def test_methods_that_cannot_be_ranked_are_refused() -> None:
    assert _places_of({}, 9) == []
    with pytest.raises(ValueError, match="two seeds"):
        _places_of({"a": np.zeros((1, 5)), "b": np.zeros((2, 5))}, 9)


def test_the_order_of_the_methods_does_not_matter() -> None:
    random = np.random.default_rng(7)
    methods = _methods(random.normal(0.8, 0.02, (6, 3)).tolist(), 0.01, seed=8)
    turned = dict(reversed(methods.items()))
    assert _places_of(turned, 400) == _places_of(methods, 400)[::-1]
