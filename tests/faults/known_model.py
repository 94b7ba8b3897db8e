"""A text model whose answers are known, and ways to break the files of a model."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from own_data import Row

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
