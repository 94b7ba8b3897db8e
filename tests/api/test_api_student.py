"""`xkd_bench.distill` makes the command's student."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from terminal_output import on_terminal

import xkd_bench

TASK = "demo/grammar"
Cli = Callable[..., tuple[int, str, str]]


def test_the_same_student_as_the_commands(
    teacher: xkd_bench.Student, store: Path, tmp_path: Path, run_cli: Cli, capsys: pytest.CaptureFixture[str]
) -> None:
    order = ["distill", "vanilla_kd", "--task", TASK, "--student", teacher.folder, "--teacher", teacher.folder]
    order += ["--layers", "1,3", "--train-rows", 64, "--epochs", 1, "--set", "alpha=0.9", "--seed", 2]
    code, output, _ = run_cli(*order, "--output", tmp_path / "cli", "--store", store)
    assert code == 0
    ours = xkd_bench.distill(
        "vanilla_kd",
        task=TASK,
        student=teacher,
        teacher=teacher,
        layers="1,3",
        train_rows=64,
        epochs=1,
        settings={"alpha": 0.9},
        seed=2,
        output=tmp_path / "ours",
        store=store,
    )
    assert capsys.readouterr().out == ""
    for name in ("model.safetensors", "lineage.json", "training_log.jsonl"):
        assert (ours.folder / name).read_bytes() == (tmp_path / "cli" / name).read_bytes(), name
    shown = on_terminal(xkd_bench.Student.read(tmp_path / "cli"), width=1000)
    assert [line for line in shown.splitlines() if line in output.splitlines()] == output.splitlines()
    assert ours.lineage.method == "vanilla_kd"
    assert ours.lineage.settings["alpha"] == 0.9
    assert repr(ours).startswith("<Student by vanilla_kd of 'demo/grammar', 1 updates, seed 2: ")


def test_the_training_log(teacher: xkd_bench.Student) -> None:
    log = teacher.to_pandas()
    assert list(log.columns) == ["update", "label", "loss"]
    assert str(log["update"].dtype) == "int64"
    assert str(log["loss"].dtype) == "float64"
    assert log["update"].iloc[-1] == teacher.lineage.updates
    html = teacher._repr_html_()
    assert f'<td class="right">{log["loss"].iloc[-1]:.4f}</td>' in html
    assert html.count("<tr>") == 1 + 10


def test_bad_orders_are_one_error_and_make_nothing(teacher: xkd_bench.Student, tmp_path: Path) -> None:
    given = {"task": TASK, "student": teacher, "output": tmp_path / "out"}
    for method, changed, says in (
        ("vanilla_kd", {}, "--teacher"),
        ("vanila_kd", {}, "did you mean"),
        ("vanilla_kd", {"teacher": teacher, "settings": {"alpha": 2}}, "alpha"),
        ("finetune", {"epochs": 0}, "1 or more"),
        ("finetune", {"schedule": "mine"}, "preset or task"),
        ("finetune", {"layers": [3, 1]}, "ascending"),
        ("finetune", {"layers": "one"}, "block numbers"),
    ):
        with pytest.raises(xkd_bench.BadInputError, match=says):
            xkd_bench.distill(method, **given | changed)
    assert not (tmp_path / "out").exists()
    with pytest.raises(xkd_bench.BadInputError, match=r"lineage\.json"):
        xkd_bench.Student.read(tmp_path)


def test_a_hostile_name_is_text(teacher: xkd_bench.Student) -> None:
    bad = "<script>alert(1)</script>"
    hostile = replace(teacher, lineage=teacher.lineage.model_copy(update={"method": bad}))
    assert "<script" not in hostile._repr_html_()
    assert "&lt;script&gt;" in hostile._repr_html_()
