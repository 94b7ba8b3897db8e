"""Copies of small models to break, and a task that one of them answers perfectly."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from own_data import LABELS, Row, made_rows, write_task

WORDS = ("the", "queen", "described", "egg", "careful", "a", "teacher", "dog", "saw", "boys", "girl", ".")


def edit_json(path: Path, **changes: Any) -> None:
    """Set fields of a JSON file; None removes one."""
    content = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}), encoding="utf-8")


def edit_tensors(folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    tensors = {name: tensor.clone() for name, tensor in load_file(path).items()}
    save_file(change(tensors), path, metadata={"format": "pt"})


@dataclass(frozen=True)
class Known:
    """A text model and a task whose labels are what the model says, half of them each class."""

    model: Path
    task: Path
    rows: list[Row]


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
