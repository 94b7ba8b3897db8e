"""Batches that do not fit into memory become smaller, and no number changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from known_model import Known
from own_data import assert_refused, files_below

Cli = Callable[..., tuple[int, str, str]]


class SmallMemory:
    """A model that does not fit with more than `rows` rows at once, and remembers the sizes it was asked."""

    def __init__(self, model: Any, rows: int, error: Exception, sizes: list[int]) -> None:
        self.model, self.rows, self.error, self.sizes = model, rows, error, sizes

    def __call__(self, **inputs: Any) -> Any:
        self.sizes.append(len(next(iter(inputs.values()))))
        if self.sizes[-1] > self.rows:
            raise self.error
        return self.model(**inputs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Exception], list[int]]:
    """Let every classifier from now on have memory for so many rows; gives the list of batch sizes tried."""

    def limit(rows: int, error: Exception) -> list[int]:
        from xkd_bench.models.classifier import Classifier

        sizes: list[int] = []
        made = Classifier.__init__

        def make(self: Any, *arguments: Any) -> None:
            made(self, *arguments)
            self.model = SmallMemory(self.model, rows, error, sizes)

        monkeypatch.setattr(Classifier, "__init__", make)
        return sizes

    return limit


ERRORS = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate memory: you tried …"),
    MemoryError(),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("model", ["text", "image"])
def test_smaller_batches_give_the_same_bytes(
    known: Known,
    tiny_models: Path,
    run_cli: Cli,
    tmp_path: Path,
    small_memory: Callable[[int, Exception], list[int]],
    error: Exception,
    model: str,
) -> None:
    what = (known.model, "--task", "grammar") if model == "text" else (tiny_models / "digits", "--task", "digits")

    def judge(name: str) -> dict[str, bytes]:
        output = tmp_path / name
        code, _, message = run_cli(
            "evaluate",
            *what,
            "--store",
            tmp_path / f"{name} store",
            "--output",
            output,
            "--no-timing",
            "--no-perturbations",
        )
        assert code == 0, message
        return {path: content for path, content in files_below(output).items() if path.endswith(("cord.json", "quet"))}

    usual = judge("usual")
    assert len(usual) == 2
    sizes = small_memory(16, error)
    assert judge("small") == usual
    assert max(sizes) > 16, "a larger batch was tried first"
    assert sizes.count(max(sizes)) == 1, "and never again"
    assert set(sizes[-3:]) <= {8, 16}


def test_a_model_that_does_not_fit_at_all_is_refused(
    known: Known, run_cli: Cli, tmp_path: Path, small_memory: Callable[[int, Exception], list[int]]
) -> None:
    sizes = small_memory(7, ERRORS[0])
    outcome = run_cli(
        "evaluate", known.model, "--task", known.task, "--store", tmp_path / "s", "--output", tmp_path / "o"
    )
    assert_refused(outcome, str(known.model), "memory for 8 rows of", "out of memory on cpu", "max_length")
    assert min(sizes) == 8, "it tried the smallest batch before it gave up"
    assert not (tmp_path / "o").exists()
    assert not list((tmp_path / "s").rglob("*.parquet"))


def test_another_error_of_the_model_is_not_taken_for_one_of_memory(
    known: Known, run_cli: Cli, tmp_path: Path, small_memory: Callable[[int, Exception], list[int]]
) -> None:
    sizes = small_memory(0, RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        run_cli("evaluate", known.model, "--task", known.task, "--store", tmp_path / "s")
    assert len(sizes) == 1
