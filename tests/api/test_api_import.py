"""Importing the package is cheap, and it hands out its verbs by name."""

from __future__ import annotations

import subprocess
import sys

import pytest

import xkd_bench

HEAVY = (
    "torch",
    "transformers",
    "datasets",
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "pydantic",
    "jinja2",
    "rich",
    "typer",
)


def heavy_after(script: str) -> set[str]:
    told = f"import sys\n{script}\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    output = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout
    return set(output.split())


def test_import_brings_nothing_along() -> None:
    assert heavy_after("import xkd_bench; xkd_bench.__version__; dir(xkd_bench); xkd_bench.BadInputError") == set()


def test_verdicts_need_no_model_library() -> None:
    found = heavy_after("from xkd_bench import Evaluation, compare, check")
    assert not found & {"torch", "transformers", "datasets", "typer"}


def test_every_name_is_there_and_no_other() -> None:
    for name in xkd_bench.__all__:
        assert name in dir(xkd_bench)
        assert getattr(xkd_bench, name).__doc__
    with pytest.raises(AttributeError, match="evalute"):
        xkd_bench.evalute  # noqa: B018
