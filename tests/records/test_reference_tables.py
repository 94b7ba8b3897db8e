"""A reference teacher: judged against without its weights, to the same bytes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xkd_bench.distillers.distill import Order, distill
from xkd_bench.errors import BadInputError
from xkd_bench.models.checkpoint import open_checkpoint
from xkd_bench.models.classifier import Runtime
from xkd_bench.records.reference_tables import find_reference, find_table, portable_digest, read_reference
from xkd_bench.records.store import Store
from xkd_bench.tasks.registry import builtin_folder, find_task

TASK = "demo/grammar"


@pytest.fixture(scope="module")
def place(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A teacher with measurements in a store, and two students of it."""
    folder, task, start = tmp_path_factory.mktemp("reference"), find_task(TASK), str(tiny_models / "grammar")
    store = Store(folder / "training")
    distill(Order("finetune", task, start, None, folder / "teacher"), Runtime("cpu"), store, None)
    for seed in (0, 1):
        order = Order(
            "vanilla_kd", task, str(folder / "teacher"), str(folder / "teacher"), folder / f"student{seed}",
            layers=(1, 3), train_rows=3200, epochs=1, seed=seed,
        )  # fmt: skip
        distill(order, Runtime("cpu"), store, None)
    text = (builtin_folder() / "protocols" / "quick.toml").read_text()
    for usual, fewer in (
        ("examples = 200", "examples = 20"),
        ("random_student_examples = 50", "random_student_examples = 5"),
        ("steps = 16", "steps = 4"),
        ("= 256", "= 16"),
        ("per_unit = 8", "per_unit = 4"),
    ):
        assert usual in text
        text = text.replace(usual, fewer)
    (folder / "fewer.toml").write_text(text)
    return folder


def test_a_student_is_judged_without_the_teacher_s_weights_to_the_same_bytes(
    place: Path, run_cli: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def evaluate(student: str, teacher: str, store: str, output: str) -> tuple[int, str, str]:
        return run_cli(
            "evaluate", place / student, "--task", TASK, "--teacher", teacher, "--protocol", place / "fewer.toml",
            "--store", tmp_path / store, "--output", tmp_path / output, "--no-timing",
        )  # fmt: skip

    monkeypatch.chdir(tmp_path)
    teacher = str(place / "teacher")
    code, _, errors = evaluate("student0", teacher, "first", "first")
    assert code == 0, errors
    assert run_cli("reference", "keep", teacher, "grammar", "--store", tmp_path / "first")[0] == 0
    kept = tmp_path / "submissions" / "reference" / "teachers" / "grammar"
    assert not list(kept.rglob("*.safetensors"))
    assert evaluate("student1", teacher, "second", "with")[0] == 0
    code, _, errors = evaluate("student1", "reference:grammar", "third", "without")
    assert code == 0, errors
    for name in ("record.json", "examples.parquet", "explanations.parquet", "masking.parquet", "perturbed.parquet"):
        one, other = (tmp_path / folder / TASK / name for folder in ("with", "without"))
        assert one.read_bytes() == other.read_bytes(), name
    forwards = json.loads((tmp_path / "without" / TASK / "run.json").read_text())["forwards"]
    assert forwards["teacher"] == 0
    # Tables of one teacher may lie in several folders: each protocol is kept under a name of its own.
    shutil.copytree(kept, kept.with_name("another"))
    for path in sorted((kept / "tables").glob("*.parquet"))[::2]:
        path.unlink()
    code, _, errors = evaluate("student1", "reference:grammar", "split", "split")
    assert code == 0, errors
    assert (tmp_path / "split" / TASK / "record.json").read_bytes() == other.with_name("record.json").read_bytes()
    # What was never measured says so, and a method that runs the teacher cannot have it.
    code, _, errors = run_cli(
        "evaluate", place / "student1", "--task", TASK, "--teacher", "reference:grammar", "--protocol", "standard",
        "--store", tmp_path / "fourth", "--output", tmp_path / "more",
    )  # fmt: skip
    assert code == 2
    assert "without its weights" in errors
    order = Order("pkd", find_task(TASK), teacher, str(kept), tmp_path / "no", layers=(1, 3))
    with pytest.raises(BadInputError, match="without its weights"):
        distill(order, Runtime("cpu"), Store(tmp_path / "fifth"), None)


def test_an_unknown_reference_names_those_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("nowhere", "../nowhere", ""):
        with pytest.raises(BadInputError, match="reference"):
            find_reference(name)


def test_nothing_measured_is_an_error(
    place: Path, run_cli: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, errors = run_cli("reference", "keep", place / "teacher", "none", "--store", tmp_path / "empty")
    assert code == 2
    assert "evaluate a student against this teacher first" in errors
    assert not (tmp_path / "submissions").exists()


def test_a_broken_reference_is_an_error(tmp_path: Path, tiny_models: Path) -> None:
    shutil.copy(tiny_models / "grammar" / "config.json", tmp_path / "config.json")
    (tmp_path / "reference.json").write_text("{}")
    with pytest.raises(BadInputError, match="reference keep"):
        open_checkpoint(str(tmp_path))
    assert read_reference(tiny_models) is None


@pytest.mark.parametrize("how", ["cut", "other ids"])
def test_a_damaged_table_is_an_error_and_not_a_measurement(tmp_path: Path, how: str) -> None:
    key = {"probe": "predictions", "checkpoint": "sha256:0"}
    path = tmp_path / "tables" / f"{portable_digest(key)}.parquet"
    path.parent.mkdir()
    pq.write_table(pa.table({"example_id": ["1", "0"], "logits": [0.5, 0.25]}), path)
    assert find_table([tmp_path], key, ["1", "0"]).column("logits").to_pylist() == [0.5, 0.25]
    if how == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BadInputError, match="a whole table"):
        find_table([tmp_path], key, ["1", "0"] if how == "cut" else ["0", "1"])
    assert find_table([tmp_path], {**key, "dtype": "bfloat16"}, ["1", "0"]) is None


def test_the_digest_leaves_out_the_machine_and_nothing_else() -> None:
    key = {"probe": "predictions", "dtype": "float32", "device": "cpu", "libraries": {"torch": "2.13.0"}}
    assert portable_digest(key) == portable_digest({**key, "device": "cuda", "libraries": {"torch": "2.14.0"}})
    assert portable_digest(key) != portable_digest({**key, "dtype": "bfloat16"})
