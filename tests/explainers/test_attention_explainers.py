"""Explainers that read attention: against the library's own attention maps, to the bit in any lot, and as found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_text_models import KINDS, ODD_TEXTS, SENTENCES, ask, make_classifier, same, write_model

from xkd_bench.explainers import registry
from xkd_bench.explainers.contract import ExplainerSettings, Explanation, ModelExplainer, Question
from xkd_bench.explainers.patches import Grid, patches_of
from xkd_bench.explainers.token_scores import words_from_tokens
from xkd_bench.models.checkpoint import open_checkpoint
from xkd_bench.models.classifier import Classifier, Runtime
from xkd_bench.models.fit import check_fit
from xkd_bench.randomness import generator
from xkd_bench.tasks.examples import ImageInput
from xkd_bench.tasks.loading import load
from xkd_bench.tasks.registry import find_task

NAMES = ("attention", "ats", "globenc", "attention_plus", "ats_plus", "globenc_plus")


def explain(name: str, classifier: Classifier, questions: list[Question]) -> list[Explanation]:
    explainer = registry.load(name)
    assert isinstance(explainer, ModelExplainer)
    return explainer.explain(classifier, questions, ExplainerSettings(2026, 16), lambda count: None)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {kind: write_model(tmp_path_factory.mktemp(kind), kind) for kind in KINDS}


def digits(tiny_models: Path, tokens: int | None = None) -> Classifier:
    checkpoint, card = open_checkpoint(str(tiny_models / "digits")), find_task("demo/digits").card
    return Classifier(checkpoint, card, check_fit(checkpoint, card, "m"), Runtime("cpu", token_budget=tokens))


def images(count: int) -> list[Question]:
    rows = load(find_task("demo/digits"), "evaluation").inputs[:count]
    return [
        Question(str(i), row, patches_of(row, Grid(4, 4)), 0, Grid(4, 4))
        for i, row in enumerate(rows)
        if isinstance(row, ImageInput)
    ]


@pytest.mark.parametrize("name", ["attention", "attention_plus"])
@pytest.mark.parametrize("kind", KINDS)
def test_attention_is_made_of_the_librarys_own_maps(folders: dict[str, Path], kind: str, name: str) -> None:
    classifier = make_classifier(folders[kind])
    asked = ask(*SENTENCES), ask((SENTENCES[0], SENTENCES[1]))
    questions = [*asked[0], *asked[1]]
    found = [one for some in asked for one in explain(name, classifier, some)]
    model: Any = classifier.model
    model.set_attn_implementation("eager")
    for question, ours in zip(questions, found, strict=True):
        rows, spans = classifier.encoder.encode_with_spans([question.input])  # type: ignore[attr-defined]
        tensors = {name: torch.tensor([value]) for name, value in rows[0].items()}
        maps = [one[0].mean(0).double().numpy() for one in model(**tensors, output_attentions=True).attentions]
        whole = np.eye(len(maps[0])) if name == "attention" else sum(maps)
        for one in maps if name == "attention" else ():
            whole = (one + np.eye(len(one))) / 2 @ whole
        expected = words_from_tokens(question.units, *spans[0], whole[0] / whole.max()).scores
        np.testing.assert_allclose(ours.scores, expected, atol=1e-6)
        assert ours.notes["special_share"] > 0


@pytest.mark.parametrize("name", NAMES)
def test_no_lot_and_no_order_changes_a_bit(folders: dict[str, Path], tiny_models: Path, name: str) -> None:
    for kind in KINDS:
        questions = ask(*SENTENCES, *ODD_TEXTS)
        found = explain(name, make_classifier(folders[kind]), questions)
        order = generator("order").permutation(len(questions)).tolist()
        shuffled = explain(name, make_classifier(folders[kind], tokens=8), [questions[i] for i in order])
        assert same(shuffled, [found[i] for i in order])
        assert all((one.scores >= 0).all() for one in found)
    pictures = images(30)
    found = explain(name, digits(tiny_models), pictures)
    assert same(explain(name, digits(tiny_models, 8), pictures[::-1]), found[::-1])
    assert all(one.scores.shape == (16,) and (one.scores > 0).all() for one in found)


@pytest.mark.parametrize("name", NAMES)
def test_other_answers_of_the_model_are_as_before(folders: dict[str, Path], name: str) -> None:
    classifier, questions = make_classifier(folders["bert"]), ask(*SENTENCES)
    inputs = [question.input for question in questions]
    before = classifier.logits(inputs)
    implementation = classifier.model.config._attn_implementation
    explain(name, classifier, questions)
    assert classifier.model.config._attn_implementation == implementation
    np.testing.assert_array_equal(classifier.logits(inputs), before)


def test_a_finer_grid_of_patches_is_summed(tiny_models: Path) -> None:
    fine = explain("globenc", digits(tiny_models), images(3))
    coarse = [
        Question(one.example_id, one.input, patches_of(one.input, Grid(2, 2)), 0, Grid(2, 2))  # type: ignore[arg-type]
        for one in images(3)
    ]
    for one, other in zip(fine, explain("globenc", digits(tiny_models), coarse), strict=True):
        np.testing.assert_allclose(one.scores.reshape(2, 2, 2, 2).sum(axis=(1, 3)).ravel(), other.scores)


def test_a_model_that_is_no_transformer_is_not_measured(tiny_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = digits(tiny_models)

    class Flat(torch.nn.Module):
        dtype = torch.float32

        def forward(self, pixel_values: torch.Tensor) -> Any:
            raise AssertionError("blocks are looked for first")

    Flat.config = classifier.model.config  # type: ignore[attr-defined]
    classifier.model = Flat()
    assert {one.reason for one in explain("globenc", classifier, images(4))} == {"not_measured"}
