"""Rows are those of the tokenizer's own call, and images are prepared once where they fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_text_models import KINDS, ODD_TEXTS, SENTENCES, write_model

from xkd_bench.errors import BadInputError
from xkd_bench.models import encoding
from xkd_bench.models.checkpoint import open_checkpoint
from xkd_bench.models.encoding import EncodedRows, ImageEncoder, TextEncoder
from xkd_bench.models.loading import load_model
from xkd_bench.tasks.card import TaskCard
from xkd_bench.tasks.examples import TextInput
from xkd_bench.tasks.loading import load
from xkd_bench.tasks.registry import find_task


def encoder_of(folder: Path, task: str, **inputs: Any) -> TextEncoder:
    card = find_task(task).card
    card = TaskCard.model_validate(card.model_dump() | {"inputs": card.inputs.model_dump() | inputs})
    checkpoint = open_checkpoint(str(folder))
    return TextEncoder(checkpoint, card, load_model(checkpoint, card))


@pytest.fixture(scope="module", params=KINDS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / request.param, request.param)


def by_the_library(encoder: TextEncoder, inputs: list[TextInput]) -> list[dict[str, list[int]]]:
    pairs = [row.text_pair for row in inputs]
    encoded = encoder.tokenizer(
        [row.text for row in inputs],
        None if pairs[0] is None else pairs,
        truncation="longest_first" if pairs[0] is None else encoder.truncate,
        max_length=encoder.max_length,
    )
    return [{name: encoded[name][i] for name in encoded} for i in range(len(inputs))]


@pytest.mark.parametrize("window", [8, 512])
def test_rows_are_those_of_the_tokenizers_own_call(folder: Path, window: int) -> None:
    encoder = encoder_of(folder, "cola", max_length=window)
    texts = [TextInput(text) for text in (*SENTENCES, *ODD_TEXTS)]
    assert encoder.encode(texts) == by_the_library(encoder, texts)
    pairs = [TextInput(a, b) for a in (*SENTENCES, *ODD_TEXTS[:5]) for b in (*ODD_TEXTS[:3], *SENTENCES)]
    for truncate in ("longest_first", "only_first"):
        encoder = encoder_of(folder, "mrpc", max_length=24, truncate=truncate)
        chosen = pairs if truncate == "longest_first" else [row for row in pairs if len(row.text_pair or "") < 9]
        assert encoder.encode(chosen) == by_the_library(encoder, chosen)
    assert encoder.encode([]) == []


@given(texts=st.lists(st.text(max_size=40), min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_rows_of_any_text(folder: Path, texts: list[str]) -> None:
    encoder = encoder_of(folder, "cola", max_length=12)
    inputs = [TextInput(text) for text in texts]
    assert encoder.encode(inputs) == by_the_library(encoder, inputs)


def test_a_pair_that_cannot_be_cut_is_one_clear_error(folder: Path) -> None:
    encoder = encoder_of(folder, "mrpc", max_length=8, truncate="only_first")
    with pytest.raises(BadInputError, match="raise max_length"):
        encoder.encode([TextInput("short", SENTENCES[0])])


def test_small_images_are_prepared_once_and_large_ones_each_time(
    tiny_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = load(find_task("demo/digits"), "evaluation").inputs[:6]
    encoder = ImageEncoder(open_checkpoint(str(tiny_models / "digits")))
    wanted = [row["pixel_values"].numpy() for row in encoder.encode(inputs)]
    asked = []
    monkeypatch.setattr(encoder, "encode", lambda rows, own=encoder.encode: asked.append(len(rows)) or own(rows))
    for most, calls in ((2**30, 6), (100, 12)):
        monkeypatch.setattr(encoding, "KEPT_IMAGES", most)
        rows, before = EncodedRows(encoder, inputs), len(asked)
        for _ in range(2):
            assert all(np.array_equal(rows[i]["pixel_values"].numpy(), wanted[i]) for i in range(6))
        assert len(asked) - before == calls
