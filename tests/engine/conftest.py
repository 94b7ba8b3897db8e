"""A briefly trained teacher and students of it, made once."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def models(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A teacher of demo/grammar, the same trained again with another seed, and two students with other weights."""
    from xkd_bench.distillers.distill import Order, distill
    from xkd_bench.models.classifier import Runtime
    from xkd_bench.records.store import Store
    from xkd_bench.tasks.registry import find_task

    folder = tmp_path_factory.mktemp("models")
    task, store, runtime = find_task("demo/grammar"), Store(folder / "store"), Runtime("cpu")
    start = str(tiny_models / "grammar")
    for seed, name in enumerate(("teacher", "again")):
        order = Order("finetune", task, start, None, folder / name, epochs=4, seed=seed)
        distill(order, runtime, store, None)
    teacher = str(folder / "teacher")
    for seed, name in enumerate(("one", "two")):
        order = Order(
            "vanilla_kd", task, teacher, teacher, folder / name, layers=(1, 3), train_rows=640, epochs=1, seed=seed
        )
        distill(order, runtime, store, None)
    return {name: folder / name for name in ("teacher", "again", "one", "two")}
