"""Masking end to end: models that read one known unit, by hand; records that check; costs that are paid once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from xkd_bench.engine.check import check_submission
from xkd_bench.engine.evaluate import evaluate
from xkd_bench.engine.plan import Plan, make_plan
from xkd_bench.errors import BadInputError
from xkd_bench.metrics.faithfulness.area import area
from xkd_bench.models.classifier import LazyClassifier, Runtime
from xkd_bench.randomness import generator
from xkd_bench.records.masking_table import MEASURES, MaskedBy, MaskingTable, read_masking, write_masking
from xkd_bench.records.store import Store
from xkd_bench.records.submission import file_hash
from xkd_bench.tasks.examples import ImageInput, TextInput

TEXTS, IMAGES = "demo/grammar", "demo/digits"
FAITHFUL = ("lime", "shap", "occlusion", "integrated_gradients")


def fewer(plan: Plan, examples: int = 24) -> Plan:
    card, masking = plan.protocol.explanations, plan.protocol.masking
    assert card.coalitions is not None
    assert masking is not None
    few = {"all_up_to": 32, "sample": 32, "per_unit": 4}
    changes = {"examples": examples, "random_student_examples": 0, "steps": 8}
    changes |= {"coalitions": card.coalitions.model_copy(update=few)}
    protocol = plan.protocol.model_copy(
        update={
            "explanations": card.model_copy(update=changes),
            "masking": masking.model_copy(update={"levels": (25, 50, 75)}),
        }
    )
    return replace(plan, protocol=protocol)


def plan_of(models: dict[str, Path], student: str) -> Plan:
    return fewer(make_plan(str(models[student]), TEXTS, str(models["teacher"]), "quick", Runtime("cpu"), None))


class ReadsOnePatch(torch.nn.Module):
    """Logit of class 1: how bright rows and columns 2 and 3 are on average, 0 … 8; of every other class 4."""

    dtype, config = torch.float32, SimpleNamespace()

    def forward(self, pixel_values: torch.Tensor) -> Any:
        bright = (pixel_values[:, :, 2:4, 2:4].mean(dim=(1, 2, 3)) + 1) * 4
        logits = torch.full((len(bright), 10), 4.0)
        logits = torch.cat([logits[:, :1], bright[:, None], logits[:, 2:]], dim=1)
        return SimpleNamespace(logits=logits)


@pytest.fixture
def one_patch(tiny_models: Path) -> Plan:
    """Teacher and student are the model that reads one of 16 patches; images are black, white in that patch."""
    folder = str(tiny_models / "digits")
    plan = make_plan(folder, IMAGES, folder, "quick", Runtime("cpu"), None)
    examples = plan.examples.take(range(40))
    pixels = np.zeros((8, 8, 3), dtype=np.uint8)
    pixels[2:4, 2:4] = 255
    images = tuple(ImageInput(pixels) if i % 2 else ImageInput(np.zeros_like(pixels)) for i in range(40))
    labels = np.array([i % 2 for i in range(40)])
    examples = replace(examples, inputs=images, labels=labels, fingerprint="sha256:patch")
    return with_model(fewer(replace(plan, examples=examples), 40), ReadsOnePatch())


def with_model(plan: Plan, module: torch.nn.Module) -> Plan:
    """Teacher and student answer as `module` does."""
    for model in (plan.teacher, plan.student):
        assert isinstance(model, LazyClassifier)
        model.get().model = module
    return plan


def test_a_model_that_reads_one_patch_is_found_out_and_its_areas_are_those_by_hand(
    one_patch: Plan, tmp_path: Path
) -> None:
    """Masked by any faithful score, the patch goes at the first level; in a random order after q with probability q."""
    from xkd_bench.engine.explain import explain
    from xkd_bench.engine.mask import mask
    from xkd_bench.engine.questions import image_facts

    plan, store = one_patch, Store(tmp_path)
    assert plan.teacher is not None
    facts = image_facts(plan)
    assert facts is not None
    logits = plan.teacher.get().logits(plan.examples.inputs)
    assert sorted(set(logits.argmax(axis=1).tolist())) == [0, 1]
    explained = explain(plan, store, logits)
    white = [i for i, label in enumerate(plan.examples.labels) if label == 1]
    for key in FAITHFUL:
        vectors = explained.explainers[key].vectors["student"].steps
        assert all(int(np.argmax(vectors[i])) == 5 for i in white), f"{key}: row 1, column 1 of 4"
    table = mask(plan, store, explained, logits)
    assert table is not None
    mean = facts.mean_colour[0] / 255 * 8
    odds = np.exp(mean - 4)
    whole, gone = np.exp(4) / (np.exp(4) + 9), odds / (odds + 9)
    for key in FAITHFUL:
        curves = table.found["student"][key].curves
        for i in white:
            np.testing.assert_allclose(curves["most", "probability"][i], [whole, gone, gone, gone], atol=2e-3)
            np.testing.assert_allclose(curves["least", "probability"][i], [whole] * 4, atol=2e-3)
    of_random = table.random["student", "probability"][white].mean(axis=0)
    expected = [whole + (gone - whole) * q for q in (0, 0.25, 0.5, 0.75)]
    np.testing.assert_allclose(of_random, expected, atol=0.12)


class ReadsOneWord(torch.nn.Module):
    """Logit of class 1: 4 for each `queen`; of class 0 always 2."""

    dtype, config = torch.float32, SimpleNamespace()

    def __init__(self, queen: int, words: int) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(words, 1)
        with torch.no_grad():
            self.embedding.weight.zero_()
            self.embedding.weight[queen] = 4.0

    def get_input_embeddings(self) -> torch.nn.Embedding:
        return self.embedding

    def forward(self, input_ids: torch.Tensor, **others: Any) -> Any:
        counted = self.embedding(input_ids).sum(dim=1)
        return SimpleNamespace(logits=torch.cat([torch.full_like(counted, 2.0), counted], dim=1))


def test_a_model_that_reads_one_word_is_found_out_and_its_areas_are_those_by_hand(
    models: dict[str, Path], tmp_path: Path
) -> None:
    from xkd_bench.engine.explain import explain
    from xkd_bench.engine.mask import mask

    plan = plan_of(models, "teacher")
    others = ["the", "dog", "saw", "egg"]
    places = [i % 5 for i in range(24)]
    texts = tuple(TextInput(" ".join([*others[:place], "queen", *others[place:]])) for place in places)
    assert plan.teacher is not None
    tokenizer: Any = plan.teacher.get().encoder.tokenizer  # type: ignore[attr-defined]
    queen = tokenizer.convert_tokens_to_ids("queen")
    assert queen != tokenizer.unk_token_id
    examples = replace(plan.examples.take(range(24)), inputs=texts, fingerprint="sha256:queen")
    plan = with_model(replace(plan, examples=examples), ReadsOneWord(queen, len(tokenizer)))
    logits = plan.teacher.get().logits(texts)  # type: ignore[union-attr]
    store = Store(tmp_path)
    explained = explain(plan, store, logits)
    table = mask(plan, store, explained, logits)
    assert table is not None
    whole, gone = 1 / (1 + np.exp(-2)), 1 / (1 + np.exp(2))
    for key in FAITHFUL:
        found = explained.explainers[key].vectors["student"].steps
        assert [int(np.argmax(vector)) for vector in found] == places, key
        masked = table.found["student"][key]
        np.testing.assert_allclose(masked.curves["most", "probability"], [[whole, gone, gone, gone]] * 24, atol=6e-4)
        np.testing.assert_allclose(masked.curves["least", "probability"], [[whole] * 4] * 24, atol=6e-4)
        np.testing.assert_allclose(masked.tops["without_top"], gone, atol=6e-4)
        np.testing.assert_allclose(masked.tops["only_top"], whole, atol=6e-4)
        assert area(np.array([0, 0.25, 0.5, 0.75]), masked.curves["most", "agreement"]) == pytest.approx(0.125 / 0.75)
    # Of five words the first, second and third in a random order are gone at 25, 50 and 75 %.
    expected = [whole + (gone - whole) * share for share in (0, 1 / 5, 2 / 5, 3 / 5)]
    np.testing.assert_allclose(table.random["student", "probability"].mean(axis=0), expected, atol=0.12)


def test_a_student_that_is_the_teacher_transfers_everything(models: dict[str, Path], tmp_path: Path) -> None:
    found = evaluate(plan_of(models, "teacher"), Store(tmp_path), None, timing=False).result.faithfulness
    assert found is not None
    assert found.levels == (0, 25, 50, 75)
    for key, own in found.found["student"].items():
        assert own == found.found["transfer"][key] or key == "random"
        ratio = found.transfer_ratios[key]
        assert (ratio.value, ratio.low, ratio.high) == (1.0, 1.0, 1.0) or ratio.reason == "unfaithful"
    lime = found.found["teacher"]["lime"]
    assert lime.scores["probability"]["drop_most_first"].low is not None
    assert lime.scores["probability"]["drop_most_first"].low > 0
    assert set(lime.scores["probability"]) == {
        "drop_most_first", "kept_least_first", "comprehensiveness", "sufficiency",
    }  # fmt: skip
    assert lime.curves["agreement"]["most"].values[0] == 1.0


def test_records_check_and_lots_orders_and_a_second_run_change_nothing(
    models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(models, "one")
    store = Store(tmp_path / "store")
    found = evaluate(plan, store, tmp_path / "entry", timing=False)
    order = generator("order").permutation(len(plan.examples)).tolist()
    shuffled = replace(plan_of(models, "one"), examples=plan.examples.take(order), student=_with_lots(plan.student, 64))
    again = evaluate(shuffled, Store(tmp_path / "other"), None, timing=False)
    assert again.result.scores == found.result.scores
    assert again.result.faithfulness is not None
    assert found.result.faithfulness is not None
    assert again.result.faithfulness.found == found.result.faithfulness.found
    second = evaluate(plan_of(models, "one"), store, tmp_path / "second", timing=False)
    assert set(second.run.forwards.values()) == {0}
    monkeypatch.setattr("xkd_bench.engine.check.read_protocol", lambda name: plan.protocol)
    assert check_submission(tmp_path / "entry").or_raise().tasks
    folder = found.folder
    assert folder is not None
    table = read_masking(folder / "masking.parquet", 4)
    curve = table.found["student"]["lime"].curves["most", "probability"]
    curve[0] = curve[0][::-1]
    write_masking(folder / "masking.parquet", table)
    with pytest.raises(BadInputError, match="record and table belong together"):
        check_submission(tmp_path / "entry").or_raise()
    record = json.loads((folder / "record.json").read_text())
    record["faithfulness"]["table"]["sha256"] = file_hash(folder / "masking.parquet")
    (folder / "record.json").write_text(json.dumps(record))
    with pytest.raises(BadInputError, match=r"lime"):
        check_submission(tmp_path / "entry").or_raise()


def _with_lots(model: LazyClassifier, tokens: int) -> LazyClassifier:
    return LazyClassifier(model.checkpoint, model.card, model.order, replace(model.runtime, token_budget=tokens))


def test_the_table_reads_back_what_was_written(tmp_path: Path) -> None:
    steps = np.random.default_rng(0).integers(0, 1001, (3, 4)) / 1000
    steps[1] = np.nan
    curves: dict[Any, Any] = {(order, measure): steps for order in ("most", "least") for measure in MEASURES}
    table = MaskingTable(
        ("a", "b", "c"),
        {"transfer": {"lime": MaskedBy(curves, {"only_top": steps[:, 0]})}},
        {("teacher", "accuracy"): steps},
    )
    write_masking(tmp_path / "masking.parquet", table)
    found = read_masking(tmp_path / "masking.parquet", 4)
    np.testing.assert_array_equal(found.found["transfer"]["lime"].curves["least", "agreement"], steps)
    np.testing.assert_array_equal(found.found["transfer"]["lime"].tops["only_top"], steps[:, 0])
    np.testing.assert_array_equal(found.random["teacher", "accuracy"], steps)
    with pytest.raises(BadInputError, match="not 3 numbers"):
        read_masking(tmp_path / "masking.parquet", 3)
    (tmp_path / "masking.parquet").write_bytes(b"no table")
    with pytest.raises(BadInputError, match="a table of maskings"):
        read_masking(tmp_path / "masking.parquet", 4)
