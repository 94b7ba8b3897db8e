"""Starts, teachers and students of both demo tasks, shared by the tests of single methods."""

from __future__ import annotations

from pathlib import Path

import pytest

from xkd_bench.distillers.distill import Order, distill
from xkd_bench.models.classifier import Runtime
from xkd_bench.records.store import Store
from xkd_bench.tasks.registry import find_task


@pytest.fixture(scope="session")
def teachers(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A teacher of each demo task that has learned something."""
    folder = tmp_path_factory.mktemp("teachers")
    for name in ("grammar", "digits"):
        order = Order("finetune", find_task(f"demo/{name}"), str(tiny_models / name), None, folder / name)
        distill(order, Runtime("cpu"), Store(folder / "store"), None)
    return {f"demo/{name}": folder / name for name in ("grammar", "digits")}
