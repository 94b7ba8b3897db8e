"""The verbs as a user types them, in their order: distil, evaluate, check, build."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def trained(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A teacher T and a student S of demo/digits."""
    from xkd_bench.distillers.distill import Order, distill
    from xkd_bench.models.classifier import Runtime
    from xkd_bench.records.store import Store
    from xkd_bench.tasks.registry import find_task

    folder = tmp_path_factory.mktemp("trained")
    task, store, runtime = find_task("demo/digits"), Store(folder / "store"), Runtime("cpu")
    distill(Order("finetune", task, str(tiny_models / "digits"), None, folder / "T", epochs=4), runtime, store, None)
    teacher = str(folder / "T")
    distill(Order("vanilla_kd", task, teacher, teacher, folder / "S", layers=(1, 3), epochs=1), runtime, store, None)
    return folder


def test_distill_evaluate_check_and_build(trained: Path, tmp_path: Path, run_cli: Cli) -> None:
    store = ("--store", tmp_path / "store")
    teacher = trained / "T"
    order = ["distill", "vanilla_kd", "--task", "digits", "--teacher", teacher, "--student", teacher, "--layers", "2,4"]
    order += ["--train-rows", 128, "--epochs", 1, "--set", "alpha=0.9", "--seed", 3, "--output", tmp_path / "S2"]
    code, output, _ = run_cli(*order, *store)
    assert code == 0
    assert "2 updates" in output
    for name, student in (("one", trained / "S"), ("two", tmp_path / "S2")):
        code, output, _ = run_cli("evaluate", student, "--output", tmp_path / "submissions" / name, *store)
        assert code == 0
        assert "Cohen's κ" in output
        assert "Accuracy" in output
    code, output, _ = run_cli("submit", "check", tmp_path / "submissions" / "one")
    assert code == 0
    assert "in order" in output
    code, output, _ = run_cli(
        "leaderboard", "build", "--submissions", tmp_path / "submissions", "--output", tmp_path / "board"
    )
    assert code == 0
    page = (tmp_path / "board" / "index.html").read_text()
    assert "demo: digits" in page
    record = json.loads((tmp_path / "submissions" / "one" / "demo" / "digits" / "record.json").read_text())
    assert f"{record['scores']['kappa']['value']:.3f}"[:4] in page


def test_the_table_shows_the_headline_first_with_interval_and_teacher(
    trained: Path, tmp_path: Path, run_cli: Cli
) -> None:
    output = run_cli("evaluate", trained / "S", "--store", tmp_path)[1]
    lines = [line for line in output.splitlines() if "[" in line and "]" in line]
    assert lines[0].split()[0] == "Accuracy"
    assert lines[0].count("[") == 2, "the student's interval and the teacher's"


def test_timing_is_side_by_side_and_costs_no_probe_forward(trained: Path, tmp_path: Path, run_cli: Cli) -> None:
    place = ("--store", tmp_path / "store", "--output", tmp_path / "entry")
    run_cli("evaluate", trained / "S", *place)
    run_cli("evaluate", trained / "S", *place)
    told = json.loads((tmp_path / "entry" / "demo" / "digits" / "run.json").read_text())
    assert told["speed"]["ratio"] is None
    assert "in the store" in told["speed"]["note"]
    run_cli("evaluate", trained / "S", "--timing", *place)
    told = json.loads((tmp_path / "entry" / "demo" / "digits" / "run.json").read_text())
    assert told["speed"]["ratio"] > 0
    assert told["forwards"] == {"student": 0, "teacher": 0}
    assert told["timing_forwards"]["teacher"] > 0


def test_an_empty_folder_does_not_pass_the_check(tmp_path: Path, run_cli: Cli) -> None:
    code, output, _ = run_cli("submit", "check", tmp_path)
    assert code == 1
    assert "missing-file" in output
    assert "empty" in output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("evaluate", "nowhere/at/all", "--task", "cola"), "model folder"),
        (("distill", "vanilla_kd", "--task", "digits", "--student", "{S}", "--output", "{out}"), "--teacher"),
        (
            ("distill", "vanilla_kd", "--task", "digits", "--student", "{S}", "--output", "{out}", "--set", "alpha"),
            "name=value",
        ),
        (
            ("distill", "vanilla_kd", "--task", "digits", "--student", "{S}", "--output", "{out}", "--set", "alpha=2"),
            "alpha",
        ),
        (
            ("distill", "finetune", "--task", "digits", "--student", "{S}", "--output", "{out}", "--preset", "x"),
            "preset",
        ),
        (("evaluate", "{S}", "--protocol", "quik"), "quick"),
        (("evaluate", "{S}", "--dtype", "float16"), "bfloat16"),
        (("evaluate", "{S}", "--device", "tpu"), "cuda"),
    ],
)
def test_wrong_arguments_end_in_one_message(
    trained: Path, tmp_path: Path, run_cli: Cli, arguments: tuple[str, ...], words: str
) -> None:
    given = [part.replace("{S}", str(trained / "S")).replace("{out}", str(tmp_path / "out")) for part in arguments]
    code, _, error = run_cli(*given)
    assert code == 2
    assert words in error
    assert all(part in error for part in ("expected", "found", "to do"))
    assert "Traceback" not in error
    assert not (tmp_path / "out").exists()
