"""Gradient explainers against captum and autograd called by hand, on one text at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from captum.attr import LayerIntegratedGradients

from xkd_bench.explainers.contract import ExplainerSettings, Question
from xkd_bench.explainers.input_x_gradient import explainer as input_x_gradient
from xkd_bench.explainers.integrated_gradients import explainer as integrated_gradients
from xkd_bench.explainers.paper_integrated_gradients import explainer as paper_integrated_gradients
from xkd_bench.models.checkpoint import open_checkpoint
from xkd_bench.models.classifier import Classifier, Runtime
from xkd_bench.models.fit import check_fit
from xkd_bench.tasks.examples import TextInput
from xkd_bench.tasks.loading import load
from xkd_bench.tasks.registry import find_task
from xkd_bench.tasks.words import units_of

TASK = find_task("demo/grammar")
STEPS = 50
PAIR = TextInput("the old teacher sleeps .", "she described the queen")


@pytest.fixture(scope="module")
def classifier(tiny_models: Path) -> Classifier:
    checkpoint = open_checkpoint(str(tiny_models / "grammar"))
    return Classifier(checkpoint, TASK.card, check_fit(checkpoint, TASK.card, "student"), Runtime())


@pytest.fixture(scope="module")
def questions() -> list[Question]:
    inputs = [row for row in load(TASK, "evaluation").inputs[:5] if isinstance(row, TextInput)]
    return [Question(str(i), row, units_of(row), i % 2) for i, row in enumerate(inputs)]


def words(encoding, scores, question):
    """Sums over the tokens that begin inside each unit: no token of these texts is in two."""
    summed = np.zeros(len(question.units))
    for place, (score, segment) in enumerate(zip(scores, encoding.sequence_ids(), strict=True)):
        if segment is not None:
            start = encoding.token_to_chars(place).start
            inside = [u.segment == segment and u.start <= start < u.end for u in question.units]
            summed[inside.index(True)] += score
    return summed


def by_captum(classifier, question, kept, steps=STEPS):
    """kept: (ids of the text, tokenizer) → ids of the baseline."""
    tokenizer, model = classifier.encoder.tokenizer, classifier.model
    encoding = tokenizer(question.input.text, question.input.text_pair, return_tensors="pt")
    ids, mask = encoding["input_ids"], encoding["attention_mask"]

    def scalar(ids, mask):
        logits = model(input_ids=ids, attention_mask=mask).logits
        return logits[:, question.target] - logits[:, 1 - question.target]

    found = LayerIntegratedGradients(scalar, model.bert.embeddings.word_embeddings).attribute(
        ids, baselines=kept(ids, tokenizer), additional_forward_args=(mask,), n_steps=steps, method="gausslegendre"
    )
    return words(encoding, found[0].sum(dim=1).detach().numpy(), question)


def close(found, expected):
    return np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


def separators_stay(ids, tokenizer):
    special = (ids == tokenizer.cls_token_id) | (ids == tokenizer.sep_token_id)
    return torch.where(special, ids, tokenizer.pad_token_id)


def ends_stay(ids, tokenizer):
    inside = [tokenizer.pad_token_id] * (ids.shape[1] - 2)
    return torch.tensor([[tokenizer.cls_token_id, *inside, tokenizer.sep_token_id]])


def explain(explainer, classifier, questions):
    return explainer.explain(classifier, questions, ExplainerSettings(2026, STEPS), lambda count: None)


@pytest.mark.parametrize(
    ("explainer", "kept"), [(integrated_gradients, separators_stay), (paper_integrated_gradients, ends_stay)]
)
def test_integrated_gradients_equal_captum(classifier, questions, explainer, kept):
    assert classifier.encoder.tokenizer.convert_ids_to_tokens([0, 2, 3]) == ["[PAD]", "[CLS]", "[SEP]"]
    for asked in (questions, [Question("pair", PAIR, units_of(PAIR), 0)]):
        for question, found in zip(asked, explain(explainer, classifier, asked), strict=True):
            assert found.notes["steps"] == STEPS
            assert close(found.scores, by_captum(classifier, question, kept))


def test_a_pair_without_its_separator_is_another_baseline(classifier):
    question = Question("pair", PAIR, units_of(PAIR), 0)
    one, other = (by_captum(classifier, question, kept) for kept in (separators_stay, ends_stay))
    assert not close(one, other)


def test_input_x_gradient_equals_autograd(classifier, questions):
    model = classifier.model
    for question, found in zip(questions, explain(input_x_gradient, classifier, questions), strict=True):
        encoding = classifier.encoder.tokenizer(question.input.text, return_tensors="pt")
        embedded = model.bert.embeddings.word_embeddings(encoding["input_ids"]).detach().requires_grad_()
        logits = model(inputs_embeds=embedded, attention_mask=encoding["attention_mask"]).logits[0]
        (logits[question.target] - logits[1 - question.target]).backward()
        expected = (embedded * embedded.grad).sum(dim=2)[0].detach().numpy()
        assert close(found.scores, words(encoding, expected, question))


def test_a_gradient_is_what_small_changes_do(classifier, questions):
    """Input × gradient by finite differences: F at embeddings scaled by 1 ± h, one token after the other."""
    question = questions[0]
    model = classifier.model.double()
    try:
        found = explain(input_x_gradient, classifier, [question])[0]
        encoding = classifier.encoder.tokenizer(question.input.text, return_tensors="pt")
        embedded = model.bert.embeddings.word_embeddings(encoding["input_ids"])
        slopes = []
        for token in range(embedded.shape[1]):
            values = []
            for change in (1e-4, -1e-4):
                scaled = embedded.clone()
                scaled[0, token] *= 1 + change
                with torch.no_grad():
                    logits = model(inputs_embeds=scaled, attention_mask=encoding["attention_mask"]).logits[0]
                values.append(float(logits[question.target] - logits[1 - question.target]))
            slopes.append((values[0] - values[1]) / 2e-4)
        np.testing.assert_allclose(found.scores, words(encoding, slopes, question), rtol=1e-4, atol=1e-8)
    finally:
        model.float()
