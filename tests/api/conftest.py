"""A teacher and two students of demo/grammar, made by the verb that makes them, and a short protocol."""

from __future__ import annotations

from pathlib import Path

import pytest

import xkd_bench
from xkd_bench.tasks.registry import builtin_folder

TASK = "demo/grammar"


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the store and what is trained."""
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="session")
def store(home: Path) -> Path:
    return home / "store"


@pytest.fixture(scope="session")
def teacher(tiny_models: Path, home: Path, store: Path) -> xkd_bench.Student:
    return xkd_bench.distill(
        "finetune", task=TASK, student=tiny_models / "grammar", output=home / "teacher", epochs=4, store=store
    )


def student(teacher: xkd_bench.Student, home: Path, store: Path, seed: int) -> xkd_bench.Student:
    return xkd_bench.distill(
        "vanilla_kd",
        task=TASK,
        student=teacher,
        teacher=teacher,
        layers=[1, 3],
        train_rows=640,
        epochs=1,
        seed=seed,
        output=home / f"student{seed}",
        store=store,
    )


@pytest.fixture(scope="session")
def students(teacher: xkd_bench.Student, home: Path, store: Path) -> tuple[xkd_bench.Student, xkd_bench.Student]:
    return student(teacher, home, store, 0), student(teacher, home, store, 1)


@pytest.fixture(scope="session")
def short(home: Path) -> Path:
    """The quick protocol with few examples, maskings and draws."""
    text = (builtin_folder() / "protocols" / "quick.toml").read_text()
    for usual, fewer in {
        "examples = 200": "examples = 40",
        "random_student_examples = 50": "random_student_examples = 10",
        "= 256": "= 32",
        "resamples = 2000": "resamples = 200",
        '"integrated_gradients", ': "",
    }.items():
        assert usual in text
        text = text.replace(usual, fewer)
    (home / "short.toml").write_text(text)
    return home / "short.toml"


@pytest.fixture(scope="session")
def explained(students: tuple[xkd_bench.Student, ...], short: Path, store: Path) -> xkd_bench.Evaluation:
    """The first student with its reasons, its record in a folder of its own."""
    return students[0].evaluate(protocol=short, store=store, timing=False)


@pytest.fixture(scope="session")
def answered(students: tuple[xkd_bench.Student, ...], store: Path) -> list[xkd_bench.Evaluation]:
    """Both students' answers alone, under the quick protocol: only records of a protocol of ours can be compared."""
    alone = {"explanations": False, "perturbations": False, "timing": False}
    return [one.evaluate(store=store, **alone) for one in students]
