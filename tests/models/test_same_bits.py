"""Batch size, order and companions change the speed of a model and not one bit of its logits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from xkd_bench.models.batching import lot_size, plan_batches
from xkd_bench.models.checkpoint import open_checkpoint
from xkd_bench.models.classifier import Classifier, Runtime
from xkd_bench.models.fit import check_fit
from xkd_bench.randomness import generator
from xkd_bench.tasks.examples import TextInput
from xkd_bench.tasks.loading import load
from xkd_bench.tasks.registry import find_task


def make_classifier(folder: Path, task: str, tokens: int, dtype: str = "float32") -> Classifier:
    card = find_task(task).card
    checkpoint = open_checkpoint(str(folder))
    runtime = Runtime("cpu", "bfloat16" if dtype == "bfloat16" else "float32", tokens)
    return Classifier(checkpoint, card, check_fit(checkpoint, card, "student"), runtime)


def test_plan_holds_every_row_once_in_lots_of_one_length_filled_to_eight() -> None:
    lengths = generator("lengths").integers(3, 20, 500).tolist()
    for tokens in (8, 100, 1000, 10**6):
        batches = plan_batches(lengths, tokens, 64)
        assert sorted(row for batch in batches for row in batch.rows) == list(range(500))
        for batch in batches:
            assert {lengths[row] for row in batch.rows} == {batch.length}
            assert (len(batch.rows) + batch.fill) % 8 == 0
            assert len(batch.rows) <= lot_size(batch.length, tokens, 64)
        assert [batch.length for batch in batches] == sorted((batch.length for batch in batches), reverse=True)


@pytest.mark.parametrize("task", ["demo/grammar", "demo/digits"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_lots_of_8_16_and_64_and_shuffled_orders_give_equal_bits(tiny_models: Path, task: str, dtype: str) -> None:
    inputs = load(find_task(task), "evaluation").inputs[:200]
    folder = tiny_models / task.split("/")[1]
    length = 18 if task == "demo/digits" else 12  # tokens, so that the budgets below make lots of about 8, 16 and 64
    answers = [make_classifier(folder, task, lot * length, dtype).logits(inputs) for lot in (8, 16, 64)]
    assert all(np.array_equal(answers[0], other) for other in answers[1:])
    order = generator("order").permutation(len(inputs))
    shuffled = make_classifier(folder, task, 16 * length, dtype).logits([inputs[i] for i in order])
    assert np.array_equal(shuffled, answers[0][order])
    alone = make_classifier(folder, task, 16 * length, dtype).logits(inputs[5:6])
    assert np.array_equal(alone[0], answers[0][5])


def test_one_and_two_threads_give_equal_bits(tiny_models: Path) -> None:
    inputs = load(find_task("demo/grammar"), "evaluation").inputs[:100]
    before = torch.get_num_threads()
    try:
        answers = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            answers.append(make_classifier(tiny_models / "grammar", "demo/grammar", 500).logits(inputs))
    finally:
        torch.set_num_threads(before)
    assert np.array_equal(*answers)


@pytest.mark.real_data
def test_the_real_encoder_keeps_its_bits_on_real_sentences(real_data: Path, encoder: Path, tmp_path: Path) -> None:
    """A pretrained encoder with a new head, on SST-2: lots of 8, 16 and 64 and a shuffled order."""
    from xkd_bench.distillers.student import make_start

    task = find_task("sst2")
    start = make_start(open_checkpoint(str(encoder)), task.card, (1, 4), seed=0)
    start.model.save_pretrained(tmp_path / "model")
    start.encoder.save(str(tmp_path / "model"))
    inputs = load(task, "evaluation", real_data).inputs[:96]
    answers = [make_classifier(tmp_path / "model", "sst2", lot * 25).logits(inputs) for lot in (8, 16, 64)]
    assert all(np.array_equal(answers[0], other) for other in answers[1:])
    order = generator("order").permutation(len(inputs))
    shuffled = make_classifier(tmp_path / "model", "sst2", 400).logits([inputs[i] for i in order])
    assert np.array_equal(shuffled, answers[0][order])


def test_padding_would_change_bits_is_why_lengths_never_mix(tiny_models: Path) -> None:
    """Texts of different lengths never meet in a batch, so logits equal those of the library called on one text."""
    classifier = make_classifier(tiny_models / "grammar", "demo/grammar", 10_000)
    texts = ["She sleeps .", "The old teacher sleeps .", "The teacher sleeps ."]
    found = classifier.logits([TextInput(text) for text in texts])
    for text, row in zip(texts, found, strict=True):
        encoded = classifier.encoder.tokenizer(text, return_tensors="pt")  # type: ignore[attr-defined]
        eight = {name: value.repeat(8, 1) for name, value in encoded.items() if name != "token_type_ids"}
        with torch.inference_mode():
            alone = classifier.model(**eight).logits[0].double().numpy()
        assert np.array_equal(alone, row)


def test_forwards_counts_examples_and_not_the_fill(tiny_models: Path) -> None:
    classifier = make_classifier(tiny_models / "grammar", "demo/grammar", 10_000)
    classifier.logits([TextInput("She sleeps .")] * 3)
    assert classifier.forwards == 3
    assert classifier.logits([]).shape == (0, 2)
