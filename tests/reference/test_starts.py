"""Untrained models of a suite: the same bytes each time, for the task's labels; others for other sizes and tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

from xkd_bench.errors import BadInputError
from xkd_bench.models.checkpoint import open_checkpoint
from xkd_bench.models.fit import check_fit
from xkd_bench.reference.starts import write_untrained
from xkd_bench.reference.suite import read_suite
from xkd_bench.tasks.registry import find_task


@pytest.mark.parametrize(("name", "blocks", "width"), [("vit", 6, 128), ("narrow_vit", 3, 96)])
def test_the_small_vision_transformers_are_what_their_suite_says(
    tmp_path: Path, name: str, blocks: int, width: int
) -> None:
    start, card = read_suite("cpu-small")[0].starts[name], find_task("cifar10").card
    for folder in ("one", "two"):
        write_untrained(tmp_path / folder, card, start.config, start.image)
    one, two = (open_checkpoint(str(tmp_path / folder)) for folder in ("one", "two"))
    assert one.hash == two.hash
    assert (one.blocks, one.config["hidden_size"]) == (blocks, width)
    assert check_fit(one, card, "student").named
    assert start.shape.blocks == blocks
    assert abs(one.parameters - (start.shape.embeddings + 12 * blocks * width**2)) < 0.05 * one.parameters


def test_what_cannot_be_made_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="needs a tokenizer"):
        write_untrained(tmp_path / "text", find_task("cola").card, {"model_type": "bert"}, {})
    with pytest.raises(BadInputError, match="sizes of a model"):
        write_untrained(tmp_path / "none", find_task("cifar10").card, {"model_type": "no such model"}, {})
    assert not list(tmp_path.iterdir())
