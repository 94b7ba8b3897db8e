"""`xkd_bench.check` decides what the command decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from terminal_output import on_terminal

import xkd_bench

Cli = Callable[..., tuple[int, str, str]]
REFERENCE = Path(__file__).resolve().parents[2] / "submissions" / "reference"
VANILLA, ATTENTION = REFERENCE / "vanilla_kd", REFERENCE / "attn_last"
COLUMNS = [
    *("task", "score", "metric", "part", "baseline", "candidate", "gain", "low", "high", "margin", "n", "status"),
    "reason",
]


@pytest.fixture(scope="module")
def gate() -> xkd_bench.Gate:
    return xkd_bench.check(ATTENTION, VANILLA, "text", task="sst2")


def test_the_same_as_the_command(gate: xkd_bench.Gate, tmp_path: Path, run_cli: Cli) -> None:
    reports = {"junit": tmp_path / "a.xml", "markdown": tmp_path / "a.md", "json": tmp_path / "a.json"}
    call = ["check", ATTENTION, "--baseline", VANILLA, "--task", "sst2", "--margins", "text"]
    code, output, _ = run_cli(*call, *(part for name, path in reports.items() for part in (f"--{name}", path)))
    assert (gate.exit_code, gate.passed) == (code, False) == (1, False)
    assert on_terminal(gate) == output
    assert gate.to_junit() == reports["junit"].read_text()
    assert gate.to_markdown() == reports["markdown"].read_text()
    assert gate.to_json() == reports["json"].read_text()
    assert "failed (12 pass, 1 fail, 2 undecided)" in repr(gate)


def test_evaluations_of_one_student_pass(answered: list[xkd_bench.Evaluation], run_cli: Cli) -> None:
    same = xkd_bench.check(answered[0], answered[0])
    assert same.passed
    assert same.exit_code == 0
    folders = [one.folder for one in answered]
    code, output, _ = run_cli("check", folders[1], "--baseline", folders[0])
    other = xkd_bench.check(answered[1], answered[0])
    assert other.exit_code == code
    assert on_terminal(other) == output


def test_one_row_a_score(gate: xkd_bench.Gate) -> None:
    found = gate.to_pandas()
    assert list(found.columns) == COLUMNS
    assert found["status"].value_counts().to_dict() == {"pass": 12, "undecided": 2, "fail": 1}
    assert list(found[found["status"] == "fail"]["score"]) == ["centred_cosine.globenc"]
    assert str(found["n"].dtype) == "int64"
    assert str(found["gain"].dtype) == "float64"


def test_margins_in_a_mapping_are_those_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('schema_version = 1\n\n[margins]\nkappa = 0.05\nflip_kappa = "power"\n')
    by_file = xkd_bench.check(ATTENTION, VANILLA, path, task="sst2")
    by_mapping = xkd_bench.check(ATTENTION, VANILLA, {"kappa": 0.05, "flip_kappa": "power"}, task="sst2")
    assert by_file.to_json() == by_mapping.to_json()
    for bad, says in (({"kapa": 0.05}, "did you mean kappa"), ({"kappa": 0}, "above 0"), ({}, "at least one")):
        with pytest.raises(xkd_bench.BadInputError, match=says):
            xkd_bench.check(ATTENTION, VANILLA, bad, task="sst2")


def test_undecided_is_let_pass_where_that_is_asked_for() -> None:
    strict = xkd_bench.check(ATTENTION, VANILLA, {"centred_cosine.ats": 0.02, "kappa": 0.06}, task="sst2")
    lenient = xkd_bench.check(
        ATTENTION, VANILLA, {"centred_cosine.ats": 0.02, "kappa": 0.06}, task="sst2", allow_undecided=True
    )
    assert (strict.exit_code, lenient.exit_code) == (2, 0)


def test_another_track_is_a_row_and_no_pass(gate: xkd_bench.Gate, answered: list[xkd_bench.Evaluation]) -> None:
    refused = xkd_bench.check(answered[0], VANILLA, task=None)
    assert refused.exit_code == 2
    found = refused.to_pandas()
    assert set(found["status"]) == {"refused"}
    assert found["score"].isna().all()
    assert found["reason"].str.contains("no record").all()
    assert found.dtypes.equals(gate.to_pandas().dtypes)


def test_a_hostile_name_is_text(gate: xkd_bench.Gate) -> None:
    bad = "<script>alert(1)</script>"
    task = replace(gate.outcome.tasks[0], title=bad)
    refused = replace(task, scores=(), refused=(bad,))
    html = xkd_bench.Gate(replace(gate.outcome, candidate=bad, tasks=(task, refused)))._repr_html_()
    assert "<script" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 5
