"""LIME as the papers ran it: the lime library on one text at a time, with 100 samples and 20 features.

lime removes every occurrence of a word at once and explains the probability of a class by the 20 words of largest
weight; what the weights are depends on 100 samples, here drawn from a seed of the example, the same for every model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import softmax

from xkd_bench.explainers.cards import card_beside
from xkd_bench.explainers.coalitions import FloatArray
from xkd_bench.explainers.contract import ExplainerSettings, Explanation, ModelExplainer, Question
from xkd_bench.explainers.one_text import OneText, finite_logits
from xkd_bench.models.classifier import Classifier
from xkd_bench.randomness import seed_of

SAMPLES = 100
FEATURES = 20
SEPARATOR = "\ue000"  # of a pair: no word to lime, so it is never removed


def paper_lime(
    classifier: Classifier, questions: Sequence[Question], settings: ExplainerSettings, advance: Callable[[int], None]
) -> list[Explanation]:
    """lime's weights for p(target | x), Σ over lime's words in a unit: "didn't" is two words to lime.

    A unit is covered where lime named one of its words, so that two models are compared on what was named for both.
    `regression` where the task has no probabilities.
    """
    explanations = []
    for question in questions:
        explanations.append(_explain(classifier, question, settings.suite_seed))
        advance(1)
    return explanations


def _explain(classifier: Classifier, question: Question, suite_seed: int) -> Explanation:
    if classifier.card.kind == "regression":
        return Explanation.without_value(len(question.units), "regression")
    text = OneText(question.text, SEPARATOR)

    def ask(variants: Sequence[str]) -> FloatArray:
        logits = finite_logits(classifier, [text.parted(variant) for variant in variants])
        return np.asarray(softmax(logits, axis=1))

    seed = seed_of(suite_seed, "paper_lime", question.example_id) % 2**32
    try:
        offsets, weights = _named(text.string, ask, question.target, seed)
    except FloatingPointError:
        return Explanation.without_value(len(question.units), "non_finite")
    words = text.scores_of_units(question.words, offsets, weights)
    return Explanation(words.scores, words.covered)


def _named(
    string: str, ask: Callable[[Sequence[str]], FloatArray], target: int, seed: int
) -> tuple[list[tuple[int, int]], FloatArray]:
    """Character spans and weights of every occurrence of the words lime names; none in a text without words."""
    from lime.lime_text import IndexedString, LimeTextExplainer  # type: ignore[import-untyped]  # slow to import

    indexed = IndexedString(string)
    if not indexed.num_words():
        return [], np.zeros(0)
    found = LimeTextExplainer(random_state=seed).explain_instance(
        string, ask, labels=(target,), num_features=FEATURES, num_samples=SAMPLES
    )
    ends = np.cumsum([0, *map(len, indexed.as_list)]).tolist()
    named = [(place, weight) for word, weight in found.local_exp[target] for place in indexed.positions[word]]
    return [(ends[place], ends[place + 1]) for place, _ in named], np.array([weight for _, weight in named])


explainer = ModelExplainer(
    card=card_beside(__file__),
    version=1,
    explain=paper_lime,
    libraries=("lime", "scikit-learn"),
    depends_on=lambda settings: {"suite_seed": settings.suite_seed},
    images=False,
)
