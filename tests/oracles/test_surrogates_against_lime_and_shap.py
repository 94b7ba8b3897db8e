"""LIME and Shapley values against the libraries that brought them."""

from __future__ import annotations

import numpy as np
import pytest

from xkd_bench.explainers import lime_attributions, masked_text, plan_coalitions, shapley_values
from xkd_bench.explainers.lime import distances, kernel, lime_regression
from xkd_bench.tasks.examples import TextInput
from xkd_bench.tasks.words import units_of

WEIGHTS = {"good": 1.0, "bad": -2.0, "not": 0.3, "film": 0.2, "very": 0.1, "UNKWORDZ": -0.1}


def score(text):
    """A classifier whose words interact: their weights, a negation that turns the next two words, a length."""
    words = text.replace(".", " .").split()
    total = 0.05 * len(words)
    for i, word in enumerate(words):
        negated = "not" in words[max(0, i - 2) : i]
        total += WEIGHTS.get(word, 0.01 * len(word)) * (-1 if negated else 1) + 0.3 * (word in words[:i])
    return float(np.tanh(total))


def two_columns(texts):
    values = np.array([score(text) for text in texts])
    return np.column_stack([-values, values])


SENTENCE = "not a very good film but good fun"


def library_run(samples, seed):
    """lime's own explanation by position, and the neighbourhood it drew for it."""
    from lime.lime_text import LimeTextExplainer

    explainer = LimeTextExplainer(bow=False, feature_selection="none", random_state=seed)
    captured = []
    original = explainer.base.explain_instance_with_data

    def capture(data, labels, at, *arguments, **options):
        captured.append((data.astype(bool), labels[:, 1], at))
        return original(data, labels, at, *arguments, **options)

    explainer.base.explain_instance_with_data = capture
    explanation = explainer.explain_instance(SENTENCE, two_columns, num_features=100, num_samples=samples)
    by_position = np.zeros(len(SENTENCE.split()))
    for position, weight in explanation.local_exp[1]:
        by_position[position] = weight
    return by_position, captured[0]


@pytest.mark.parametrize("samples", [10, 100, 1000])
@pytest.mark.parametrize("seed", [0, 1])
def test_lime_on_the_maskings_the_library_drew(samples, seed):
    expected, (masks, values, at) = library_run(samples, seed)
    np.testing.assert_allclose(distances(masks), at, atol=1e-11)
    np.testing.assert_allclose(lime_regression(masks, values), expected, atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 5, 30])
def test_lime_equals_the_library_regression_with_weights(n):
    from lime.lime_base import LimeBase

    random = np.random.default_rng(n)
    masks = random.random((200, n)) < 0.6
    masks[0], masks[1] = True, False
    values, weights = random.normal(size=200), random.random(200)
    base = LimeBase(lambda at: np.sqrt(np.exp(-(at**2) / 25**2)) * weights, random_state=0)
    cosine = 1 - np.array([mask.sum() / np.sqrt(max(mask.sum(), 1) * n) for mask in masks])
    _, pairs, _, _ = base.explain_instance_with_data(
        masks.astype(float), values[:, None], 100 * cosine, 0, n, feature_selection="none"
    )
    expected = np.array([weight for _, weight in sorted(pairs)])
    np.testing.assert_allclose(lime_regression(masks, values, weights), expected, atol=1e-12)


def test_kernel_of_the_library():
    from lime.lime_text import LimeTextExplainer

    at = np.linspace(0, 100, 31)
    np.testing.assert_array_equal(kernel(at), LimeTextExplainer().base.kernel_fn(at))


def test_all_maskings_are_the_limit_of_the_library():
    words = SENTENCE.split()
    coalitions = plan_coalitions(len(words), 1024, 1024, ())
    texts = [" ".join(w if k else "UNKWORDZ" for w, k in zip(words, mask, strict=True)) for mask in coalitions.masks]
    limit = lime_attributions(coalitions.masks, two_columns(texts)[:, 1], True)
    drawn = np.array([library_run(5000, seed)[0] for seed in range(4)])
    spread = drawn.std(axis=0, ddof=1).max()
    np.testing.assert_allclose(drawn.mean(axis=0), limit, atol=3 * spread)
    assert spread < 0.02
    assert np.corrcoef(library_run(100, 0)[0], limit)[0, 1] < np.corrcoef(drawn[0], limit)[0, 1]


@pytest.fixture(scope="module")
def shap_library():
    return pytest.importorskip("shap")


@pytest.mark.parametrize(
    "row",
    [
        TextInput("good"),
        TextInput("not good."),
        TextInput("not a very good film, but good fun"),
        TextInput("a bad, bad film", "not good!"),
    ],
)
@pytest.mark.parametrize("fill", ["delete", "[MASK]"])
def test_shapley_values_equal_the_exact_explainer_over_words(shap_library, row, fill):
    units = units_of(row)

    class Words(shap_library.maskers.Masker):
        def shape(self, text):
            return 1, len(units)

        def mask_shapes(self, text):
            return [(len(units),)]

        def feature_names(self, text):
            return [[unit.text for unit in units]]

        def __call__(self, mask, text):
            masked = masked_text(row, units, mask, fill)
            return (np.array([masked.text + " | " + (masked.text_pair or "")]),)

    def model(texts):
        return np.array([score(text) for text in texts])

    expected = shap_library.explainers.ExactExplainer(model, Words())([row.text]).values[0]
    masks = plan_coalitions(len(units), 1024, 1024, ()).masks
    values = np.array([model(Words()(mask, row.text)[0])[0] for mask in masks])
    found = shapley_values(masks, values, True)
    np.testing.assert_allclose(found, expected, atol=1e-9 * np.abs(expected).max())


@pytest.mark.parametrize("n", [2, 5, 9])
def test_shapley_values_of_random_tables(shap_library, n):
    masks = plan_coalitions(n, 1024, 1024, ()).masks
    table = np.random.default_rng(n).normal(size=2**n)

    def model(rows):
        return table[np.asarray(rows).astype(int) @ (1 << np.arange(n))]

    explainer = shap_library.explainers.ExactExplainer(model, np.zeros((1, n)))
    expected = explainer(np.ones((1, n))).values[0]
    np.testing.assert_allclose(shapley_values(masks, table, True), expected, atol=1e-9)
    np.testing.assert_allclose(shapley_values(masks, table, False), expected, atol=1e-9)
