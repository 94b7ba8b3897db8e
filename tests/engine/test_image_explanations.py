"""Explanations of images end to end: a ViT of patches, its students, and what another lot or grid changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients

from xkd_bench.engine.check import check_submission
from xkd_bench.engine.evaluate import evaluate
from xkd_bench.engine.plan import Plan, make_plan
from xkd_bench.explainers.contract import ExplainerSettings, Question
from xkd_bench.explainers.input_x_gradient import explainer as input_x_gradient
from xkd_bench.explainers.integrated_gradients import explainer as integrated_gradients
from xkd_bench.explainers.integrated_gradients import image_baseline
from xkd_bench.explainers.patches import Grid, patches_of
from xkd_bench.metrics.registry import similarity_metrics
from xkd_bench.models.classifier import Classifier, Runtime
from xkd_bench.models.fit import check_fit
from xkd_bench.probes.coalitions import CoalitionSettings, coalitions, log_odds
from xkd_bench.probes.masked import Filling
from xkd_bench.randomness import generator
from xkd_bench.records.store import Store
from xkd_bench.tasks.examples import Examples, ImageInput
from xkd_bench.tasks.loading import load
from xkd_bench.tasks.registry import find_task

TASK = "demo/digits"


@pytest.fixture(scope="module")
def models(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A ViT trained on the digits, a student of two of its blocks, and one that sees patches twice as wide."""
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil

    from xkd_bench.distillers.distill import Order, distill
    from xkd_bench.models.loading import seeded

    folder = tmp_path_factory.mktemp("models")
    task, store, runtime = find_task(TASK), Store(folder / "store"), Runtime("cpu")
    teacher = folder / "teacher"
    distill(Order("finetune", task, str(tiny_models / "digits"), None, teacher, epochs=4), runtime, store, None)
    kept = Order(
        "vanilla_kd", task, str(teacher), str(teacher), folder / "student", layers=(1, 3), train_rows=320, epochs=1
    )
    distill(kept, runtime, store, None)
    config = ViTConfig.from_pretrained(teacher)
    config.patch_size, config.num_hidden_layers = 4, 1
    with seeded(0):
        ViTForImageClassification(config).save_pretrained(folder / "coarse")
    ViTImageProcessorPil.from_pretrained(teacher).save_pretrained(folder / "coarse")
    return {"teacher": teacher, "student": folder / "student", "coarse": folder / "coarse"}


def plan_of(models: dict[str, Path], student: str, tokens: int | None = None, **changes: Any) -> Plan:
    plan = make_plan(
        str(models[student]), TASK, str(models["teacher"]), "quick", Runtime("cpu", token_budget=tokens), None
    )
    card = plan.protocol.explanations
    assert card.coalitions is not None
    few = {"all_up_to": 32, "sample": 40, "per_unit": 4, "image_fills": ("mean", "blur")}
    fewer = {"examples": 24, "random_student_examples": 8, "steps": 8}
    fewer |= {"coalitions": card.coalitions.model_copy(update=few)} | changes
    return replace(plan, protocol=plan.protocol.model_copy(update={"explanations": card.model_copy(update=fewer)}))


def test_a_student_that_is_the_teacher_scores_exactly_one(models: dict[str, Path], tmp_path: Path) -> None:
    result = evaluate(plan_of(models, "teacher"), Store(tmp_path), None, timing=False).result
    assert result.explanations is not None
    assert result.explanations.grid == (4, 4)
    assert {"lime", "lime.blur", "integrated_gradients", "input_x_gradient"} < set(result.explanations.explainers)
    for metric in similarity_metrics():
        for key in result.explanations.explainers:
            score = result.scores[f"{metric.card.name}.{key}"]
            assert (score.value, score.low, score.high) == (1.0, 1.0, 1.0), (metric.card.name, key)
    assert "without_punctuation" not in result.slices


def test_a_record_of_images_checks_and_lots_and_orders_do_not_move_it(
    models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = [plan_of(models, "student", tokens) for tokens in (150, 2048)]
    order = generator("order").permutation(len(plans[0].examples)).tolist()
    found = [
        evaluate(plan, Store(tmp_path / str(i)), tmp_path / f"entry-{i}", timing=False) for i, plan in enumerate(plans)
    ]
    for name in ("record.json", "explanations.parquet"):
        assert len({(tmp_path / f"entry-{i}" / TASK / name).read_bytes() for i in range(2)}) == 1, name
    shuffled = replace(plans[1], examples=plans[1].examples.take(order))
    assert evaluate(shuffled, Store(tmp_path / "other"), None, timing=False).result.scores == found[0].result.scores
    monkeypatch.setattr("xkd_bench.engine.check.read_protocol", lambda name: plans[0].protocol)
    assert check_submission(tmp_path / "entry-0").or_raise().tasks


def test_two_grids_meet_on_the_coarser_one(models: dict[str, Path], tmp_path: Path) -> None:
    found = evaluate(plan_of(models, "coarse"), Store(tmp_path), None, timing=False)
    assert found.result.explanations is not None
    assert found.result.explanations.grid == (2, 2)
    assert found.result.scores["centred_cosine.lime"].n > 20
    assert found.result.scores["centred_cosine.integrated_gradients"].n > 0


@pytest.mark.parametrize("kind", ["DeiTForImageClassification", "DeiTForImageClassificationWithTeacher"])
def test_a_distillation_token_is_no_patch(models: dict[str, Path], tmp_path: Path, kind: str) -> None:
    """A DeiT, with one head or with the two whose mean it answers with, is a student like any other."""
    import transformers
    from transformers import DeiTConfig, ViTConfig, ViTImageProcessorPil

    from xkd_bench.models.loading import seeded

    teacher = ViTConfig.from_pretrained(models["teacher"])
    config = DeiTConfig(
        image_size=8, patch_size=2, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
        initializer_range=0.2, id2label=teacher.id2label, label2id=teacher.label2id,
    )  # fmt: skip
    with seeded(0):
        getattr(transformers, kind)(config).save_pretrained(tmp_path / "deit")
    ViTImageProcessorPil.from_pretrained(models["teacher"]).save_pretrained(tmp_path / "deit")
    plan = plan_of(models | {"deit": tmp_path / "deit"}, "deit")
    assert type(plan.student.get().model).__name__ == kind
    result = evaluate(plan, Store(tmp_path / "store"), None, timing=False).result
    assert result.explanations is not None
    assert result.explanations.grid == (4, 4)
    for key in ("lime", "integrated_gradients", "globenc", "ats", "attention"):
        assert result.scores[f"centred_cosine.{key}"].n > 20, key


def test_the_papers_explainers_of_texts_are_not_measured_on_images(models: dict[str, Path], tmp_path: Path) -> None:
    names = ("paper_lime", "paper_shap", "paper_integrated_gradients")
    plan = plan_of(models, "student", explainers=names, coalitions=None)
    result = evaluate(plan, Store(tmp_path), None, timing=False).result
    assert {result.scores[f"centred_cosine.{name}"].reason for name in names} == {"not_measured"}


@pytest.fixture(scope="module")
def classifier(models: dict[str, Path]) -> Classifier:
    from xkd_bench.models.checkpoint import open_checkpoint

    checkpoint, card = open_checkpoint(str(models["teacher"])), find_task(TASK).card
    return Classifier(checkpoint, card, check_fit(checkpoint, card, "teacher"), Runtime("cpu"))


@pytest.fixture(scope="module")
def examples() -> Examples:
    return load(find_task(TASK), "evaluation").take(range(6))


def asked(examples: Examples, grid: Grid) -> list[Question]:
    return [
        Question(name, row, patches_of(row, grid), int(label), grid)
        for name, row, label in zip(examples.example_ids, examples.inputs, examples.labels, strict=True)
        if isinstance(row, ImageInput)
    ]


def scalar_of(classifier: Classifier, target: int) -> Any:
    def scalar(pixels: torch.Tensor) -> torch.Tensor:
        logits = classifier.model(pixel_values=pixels).logits.double()
        others = torch.cat([logits[:, :target], logits[:, target + 1 :]], dim=1)
        return logits[:, target] - others.logsumexp(1)

    return scalar


def test_gradient_explainers_equal_captum_and_autograd(classifier: Classifier, examples: Examples) -> None:
    settings = ExplainerSettings(2026, 50, (40.0, 40.0, 40.0))
    questions = asked(examples, Grid(4, 4))
    found = integrated_gradients.explain(classifier, questions, settings, lambda count: None)
    slopes = input_x_gradient.explain(classifier, questions, settings, lambda count: None)
    for question, ours, slope in zip(questions, found, slopes, strict=True):
        inputs = [question.input, image_baseline(question, settings)]
        pixels, baseline = (row["pixel_values"][None] for row in classifier.encoder.encode(inputs))
        scalar = scalar_of(classifier, question.target)
        expected = IntegratedGradients(scalar).attribute(
            pixels, baseline, n_steps=int(ours.notes["steps"]), method="gausslegendre"
        )
        _same(ours.scores, expected)
        assert ours.reason is None
        assert abs(ours.scores.sum() - float(scalar(pixels) - scalar(baseline))) <= 0.05 * abs(ours.scores.sum())
        variable = pixels.clone().requires_grad_()
        scalar(variable).sum().backward()
        _same(slope.scores, variable * variable.grad)


def _same(scores: np.ndarray, of_pixels: torch.Tensor) -> None:
    """Patches of 2×2 pixels, summed by hand."""
    expected = of_pixels.detach().double().sum(1)[0].reshape(4, 2, 4, 2).sum(dim=(1, 3)).ravel().numpy()
    assert np.abs(scores - expected).max() <= 1e-5 * np.abs(expected).max()


def test_a_masked_image_is_what_the_model_is_asked(classifier: Classifier, examples: Examples, tmp_path: Path) -> None:
    """Occlusion of one patch by hand: the logits of the image with these pixels at the mean colour."""
    from xkd_bench.models.classifier import LazyClassifier

    model = LazyClassifier(
        classifier.checkpoint, classifier.card, check_fit(classifier.checkpoint, classifier.card, "m"), Runtime()
    )
    settings = CoalitionSettings(0, 32, 40, 1, Filling("mean", Grid(4, 4), (40.0, 50.0, 60.0)))
    table = coalitions(model, examples, settings, Store(tmp_path), "maskings")
    row, image = table[0], examples.inputs[0]
    assert isinstance(image, ImageInput)
    masks = row.planned.coalitions.masks
    place = int(np.flatnonzero((~masks).sum(axis=1) == 1)[0])
    patch = int(np.flatnonzero(~masks[place])[0])
    top, left = 2 * (patch // 4), 2 * (patch % 4)
    pixels = image.pixels.copy()
    pixels[top : top + 2, left : left + 2] = (40, 50, 60)
    np.testing.assert_array_equal(
        row.logits[place], np.round(classifier.logits([ImageInput(pixels)])[0], 5).astype(np.float32)
    )
    assert np.isfinite(log_odds(row.logits, 3)).all()


def test_a_grey_and_a_one_pixel_image_are_explained_or_say_why(classifier: Classifier, tmp_path: Path) -> None:
    """One pixel is one patch: too few to compare, and no crash."""
    from xkd_bench.models.classifier import LazyClassifier

    examples = load(find_task(TASK), "evaluation").take(range(2))
    odd = (ImageInput(np.full((8, 8, 3), 128, np.uint8)), ImageInput(np.full((8, 8, 3), 0, np.uint8)))
    model = LazyClassifier(
        classifier.checkpoint, classifier.card, check_fit(classifier.checkpoint, classifier.card, "m"), Runtime()
    )
    settings = CoalitionSettings(0, 32, 40, 1, Filling("mean", Grid(4, 4), (128.0, 128.0, 128.0)))
    table = coalitions(model, replace(examples, inputs=odd, fingerprint="sha256:odd"), settings, Store(tmp_path), "odd")
    assert np.ptp(table[0].logits, axis=0).max() == 0.0, "nothing to take away from an image of the mean colour"
    assert np.ptp(table[1].logits, axis=0).max() > 0.0
