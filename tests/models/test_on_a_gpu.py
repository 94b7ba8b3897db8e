"""On a GPU the lot changes the last digits: by no more than the tolerance that the explainers' README publishes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from xkd_bench.explainers.contract import ExplainerSettings, Question
from xkd_bench.explainers.integrated_gradients import explainer as integrated_gradients
from xkd_bench.models.batching import GPU_TOLERANCE
from xkd_bench.models.checkpoint import open_checkpoint
from xkd_bench.models.classifier import Classifier, DeviceKind, Runtime
from xkd_bench.models.fit import check_fit
from xkd_bench.tasks.examples import TextInput
from xkd_bench.tasks.loading import load
from xkd_bench.tasks.registry import find_task
from xkd_bench.tasks.words import units_of

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU that torch can see")


def make_classifier(folder: Path, task: str, device: DeviceKind, tokens: int) -> Classifier:
    card, checkpoint = find_task(task).card, open_checkpoint(str(folder))
    return Classifier(checkpoint, card, check_fit(checkpoint, card, "student"), Runtime(device, token_budget=tokens))


@pytest.mark.parametrize("task", ["demo/grammar", "demo/digits"])
def test_logits_move_by_no_more_than_the_tolerance(tiny_models: Path, task: str) -> None:
    inputs = load(find_task(task), "evaluation").inputs[:200]
    folder = tiny_models / task.split("/")[1]
    wanted = make_classifier(folder, task, "cpu", 2048).logits(inputs)
    for tokens in (96, 65536):
        found = make_classifier(folder, task, "cuda", tokens).logits(inputs)
        assert np.abs(found - wanted).max() <= GPU_TOLERANCE * np.abs(wanted).max()


def test_attributions_move_by_no_more_than_the_tolerance(tiny_models: Path) -> None:
    texts = [row for row in load(find_task("demo/grammar"), "evaluation").inputs[:64] if isinstance(row, TextInput)]
    questions = [Question(str(i), row, units_of(row), i % 2) for i, row in enumerate(texts)]

    def scores(device: DeviceKind, tokens: int) -> list[np.ndarray]:
        classifier = make_classifier(tiny_models / "grammar", "demo/grammar", device, tokens)
        found = integrated_gradients.explain(classifier, questions, ExplainerSettings(2026, 16), lambda count: None)
        return [one.scores for one in found]

    wanted = scores("cpu", 2048)
    for tokens in (96, 65536):
        for one, other in zip(scores("cuda", tokens), wanted, strict=True):
            assert np.abs(one - other).max() <= GPU_TOLERANCE * np.abs(other).max()
