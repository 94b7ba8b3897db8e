"""Copies of small models to break, and a task that one of them answers perfectly."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from known_model import WORDS, Known, edit_tensors
from own_data import LABELS, made_rows, write_task


@pytest.fixture(scope="session")
def known(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Known:
    """The small text model with its bias set so that it gives both answers equally often."""
    from xkd_bench.models.checkpoint import open_checkpoint
    from xkd_bench.models.classifier import Classifier, Runtime
    from xkd_bench.models.fit import LabelOrder
    from xkd_bench.tasks.examples import TextInput
    from xkd_bench.tasks.registry import find_task

    folder = tmp_path_factory.mktemp("known")
    model = folder / "model"
    shutil.copytree(tiny_models / "grammar", model)
    rows = made_rows(96, WORDS)
    inputs = [TextInput(row["sentence"]) for row in rows]
    card = find_task("demo/grammar").card

    def margins() -> np.ndarray[Any, Any]:
        logits = Classifier(open_checkpoint(str(model)), card, LabelOrder((0, 1), True), Runtime()).logits(inputs)
        return np.asarray(logits[:, 1] - logits[:, 0])

    middle = float(np.median(margins()))

    def centre(tensors: dict[str, Any]) -> dict[str, Any]:
        tensors["classifier.bias"][1] -= middle
        return tensors

    edit_tensors(model, centre)
    for row, margin in zip(rows, margins(), strict=True):
        row["label"] = LABELS[int(margin > 0)]
    return Known(model, write_task(folder / "task", rows, train=rows), rows)


@pytest.fixture
def copy_model(tmp_path: Path) -> Callable[[Path], Path]:
    """A copy of a model folder, to be broken."""

    def copy(model: Path, name: str = "copy") -> Path:
        shutil.copytree(model, tmp_path / name)
        return tmp_path / name

    return copy
