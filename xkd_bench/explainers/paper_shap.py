"""SHAP as the papers ran it: the shap library's partition explainer with its text masker, on one text at a time.

The players are the model's own tokens in a binary tree; a masked token is replaced by the tokenizer's mask token (by
"..." where it has none), and 500 evaluations descend the tree along the largest effects.

What is explained is the probability of the question's target, as in `paper_lime`, so that both libraries explain one
number. The paper took the logit of class 1, which means something else in every model and lacks a counterpart with
three classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from scipy.special import softmax

from xkd_bench.explainers.cards import card_beside
from xkd_bench.explainers.coalitions import FloatArray
from xkd_bench.explainers.contract import ExplainerSettings, Explanation, ModelExplainer, Question
from xkd_bench.explainers.one_text import OneText, finite_logits
from xkd_bench.explainers.token_scores import unit_of_tokens
from xkd_bench.models.classifier import Classifier
from xkd_bench.models.encoding import TextEncoder
from xkd_bench.models.loading import quiet_transformers
from xkd_bench.randomness import seed_of
from xkd_bench.tasks.examples import TextInput

EVALUATIONS = 500
EVALUATIONS_AT_ONCE = 5  # shap's own number for texts; another one descends the tree in another order


def paper_shap(
    classifier: Classifier, questions: Sequence[Question], settings: ExplainerSettings, advance: Callable[[int], None]
) -> list[Explanation]:
    """shap's values for p(target | x), or for the prediction of a regression, summed over the tokens of each unit.

    A pair is joined by the tokenizer's separator, which shap leaves in place. `not_measured` where the tokenizer has no
    offsets, or has no separator of its own to join a pair by; `too_few_units` for fewer than two tokens, which are no
    tree.
    """
    explanations = []
    for question in questions:
        explanations.append(_explain(classifier, question, settings.suite_seed))
        advance(1)
    return explanations


def _explain(classifier: Classifier, question: Question, suite_seed: int) -> Explanation:
    encoder, n = classifier.encoder, len(question.units)
    if not isinstance(encoder, TextEncoder):
        raise TypeError("explanations of words need a model of texts")
    spans = encoder.spans([question.input])
    separator = encoder.tokenizer.sep_token
    if spans is None or not _can_join(question.text, separator):
        return Explanation.without_value(n, "not_measured")
    text = OneText(question.text, separator or "")

    def ask(variants: Sequence[str]) -> FloatArray:
        logits = finite_logits(classifier, [text.parted(str(variant)) for variant in variants])
        return logits[:, 0] if logits.shape[1] == 1 else np.asarray(softmax(logits, axis=1)[:, question.target])

    seed = seed_of(suite_seed, "paper_shap", question.example_id) % 2**32
    with quiet_transformers(), _numpy_seeded(seed):
        offsets = encoder.tokenizer(text.string, return_offsets_mapping=True)["offset_mapping"]
        if len(offsets) < 2:
            return Explanation.without_value(n, "too_few_units")
        try:
            values = _partition_values(encoder.tokenizer, text.string, ask)
        except FloatingPointError:
            return Explanation.without_value(n, "non_finite")
    words = text.scores_of_units(question.words, offsets, values)
    _, seen = unit_of_tokens(question.words, *spans[0])  # shap masks tokens too that the model's window cuts off
    return Explanation(words.scores, words.covered & seen)


def _can_join(input: TextInput, separator: str | None) -> bool:
    text, pair = input
    return pair is None or (separator is not None and separator not in text + pair)


def _partition_values(tokenizer: Any, string: str, ask: Callable[[Sequence[str]], FloatArray]) -> FloatArray:
    """shap's value of each token of the string, (T,)."""
    import shap  # type: ignore[import-untyped]  # slow to import

    explain = shap.Explainer(ask, shap.maskers.Text(tokenizer))
    found = explain([string], max_evals=EVALUATIONS, batch_size=EVALUATIONS_AT_ONCE, silent=True)
    return np.asarray(found.values[0], dtype=np.float64)


@contextmanager
def _numpy_seeded(seed: int) -> Iterator[None]:
    """numpy's global generator from this seed inside the block, and as it was after it: shap breaks ties with it."""
    before = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


explainer = ModelExplainer(
    card=card_beside(__file__),
    version=1,
    explain=paper_shap,
    libraries=("shap",),
    depends_on=lambda settings: {"suite_seed": settings.suite_seed},
    images=False,
)
