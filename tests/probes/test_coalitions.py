"""The coalition table: what the model says of each masking, measured once, the same for whoever asks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import log_softmax, logit, softmax

from xkd_bench.explainers.lime import lime_attributions
from xkd_bench.explainers.masked_text import masked_text
from xkd_bench.explainers.occlusion import occlusion_effects
from xkd_bench.explainers.shapley import shapley_values
from xkd_bench.models.checkpoint import open_checkpoint
from xkd_bench.models.classifier import Classifier, LazyClassifier, Runtime
from xkd_bench.models.fit import check_fit
from xkd_bench.probes.coalitions import CoalitionSettings, coalitions, log_odds
from xkd_bench.randomness import generator
from xkd_bench.records.store import Store
from xkd_bench.tasks.examples import Examples
from xkd_bench.tasks.loading import load
from xkd_bench.tasks.registry import find_task

TASK = find_task("demo/grammar")
SETTINGS = CoalitionSettings(suite_seed=2026, all_up_to=64, sample=64)


def make_classifier(tiny_models: Path, tokens: int | None = None) -> LazyClassifier:
    checkpoint = open_checkpoint(str(tiny_models / "grammar"))
    return LazyClassifier(
        checkpoint, TASK.card, check_fit(checkpoint, TASK.card, "student"), Runtime("cpu", "float32", tokens)
    )


@pytest.fixture(scope="module")
def examples() -> Examples:
    return load(TASK, "evaluation").take(range(100))


def test_a_row_is_what_the_model_says_of_that_masking(tiny_models: Path, examples: Examples, tmp_path: Path) -> None:
    table = coalitions(make_classifier(tiny_models), examples, SETTINGS, Store(tmp_path), "coalitions")
    assert [row.planned.example_id for row in table] == list(examples.example_ids)
    alone: Classifier = make_classifier(tiny_models).get()
    for place in (0, 41, 99):
        row, source = table[place], examples.inputs[place]
        assert row.planned.coalitions.enumerated == (2 ** len(row.planned.units) <= 64)
        for mask, found in list(zip(row.planned.coalitions.masks, row.logits, strict=True))[::7]:
            wanted = alone.logits([masked_text(source, row.planned.units, mask)])[0]  # type: ignore[arg-type]
            np.testing.assert_allclose(found, wanted, atol=6e-6)
        full = row.logits[row.planned.coalitions.masks.all(axis=1)][0]
        np.testing.assert_allclose(full, alone.logits([source])[0], atol=6e-6)


def test_equal_texts_run_once_and_the_store_runs_none(tiny_models: Path, examples: Examples, tmp_path: Path) -> None:
    first = make_classifier(tiny_models)
    table = coalitions(first, examples, SETTINGS, Store(tmp_path), "coalitions")
    maskings = sum(len(row.planned.coalitions.masks) for row in table)
    assert 0 < first.forwards < maskings, "the empty masking alone is the same text for all"
    again = make_classifier(tiny_models)
    repeated = coalitions(again, examples, SETTINGS, Store(tmp_path), "coalitions")
    assert again.forwards == 0
    assert not again.loaded
    assert all(np.array_equal(one.logits, other.logits) for one, other in zip(table, repeated, strict=True))


def test_lots_and_orders_change_no_bit(tiny_models: Path, examples: Examples, tmp_path: Path) -> None:
    wanted = {
        r.planned.example_id: r
        for r in coalitions(make_classifier(tiny_models, 80), examples, SETTINGS, Store(tmp_path / "a"), "")
    }
    order = generator("order").permutation(len(examples)).tolist()
    shuffled = examples.take(order)
    for row in coalitions(make_classifier(tiny_models, 640), shuffled, SETTINGS, Store(tmp_path / "b"), ""):
        assert np.array_equal(row.planned.coalitions.masks, wanted[row.planned.example_id].planned.coalitions.masks)
        assert np.array_equal(row.logits, wanted[row.planned.example_id].logits)


def test_every_explainer_reads_the_one_table(tiny_models: Path, examples: Examples, tmp_path: Path) -> None:
    for row in coalitions(make_classifier(tiny_models), examples.take(range(10)), SETTINGS, Store(tmp_path), ""):
        masks, plan = row.planned.coalitions.masks, row.planned.coalitions
        values = log_odds(row.logits, target=1)
        shap = shapley_values(masks, values, plan.enumerated)
        gain = values[masks.all(axis=1)][0] - values[~masks.any(axis=1)][0]
        assert shap.sum() == pytest.approx(gain, abs=1e-9)
        assert lime_attributions(masks, values, plan.enumerated).shape == shap.shape
        assert occlusion_effects(masks, values).shape == shap.shape


def test_log_odds_is_the_logit_of_the_probability() -> None:
    logits = generator("logits").normal(size=(50, 4)) * 3
    for target in range(4):
        np.testing.assert_allclose(log_odds(logits, target), logit(softmax(logits, axis=1)[:, target]), rtol=1e-9)
    two = logits[:, :2]
    np.testing.assert_allclose(log_odds(two, 1), two[:, 1] - two[:, 0], atol=1e-12)
    np.testing.assert_allclose(log_odds(two, 0), log_softmax(two, 1)[:, 0] - log_softmax(two, 1)[:, 1], atol=1e-12)
    assert log_odds(logits[:, :1], 0).tolist() == logits[:, 0].tolist()
