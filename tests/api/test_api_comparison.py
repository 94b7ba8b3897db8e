"""`xkd_bench.compare` says what the command says."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from terminal_output import on_terminal

import xkd_bench

Cli = Callable[..., tuple[int, str, str]]
REFERENCE = Path(__file__).resolve().parents[2] / "submissions" / "reference"
VANILLA, ATTENTION = REFERENCE / "vanilla_kd" / "glue" / "sst2", REFERENCE / "attn_last" / "glue" / "sst2"
METRICS, MARGINS = "kappa,centred_cosine", {"kappa": 0.2}


@pytest.fixture(scope="module")
def comparison() -> xkd_bench.Comparison:
    return xkd_bench.compare(VANILLA, ATTENTION, metrics=METRICS, margins=MARGINS)


def test_the_same_as_the_command(comparison: xkd_bench.Comparison, tmp_path: Path, run_cli: Cli) -> None:
    call = ("compare", VANILLA, ATTENTION, "--metrics", METRICS, "--margin", "kappa=0.2")
    assert comparison.to_json() == run_cli(*call, "--json")[1]
    assert on_terminal(comparison) == run_cli(*call)[1]
    run_cli(*call, "--markdown", tmp_path / "table.md")
    assert comparison.to_markdown() == (tmp_path / "table.md").read_text()


def test_evaluations_without_a_folder_of_their_own(answered: list[xkd_bench.Evaluation], run_cli: Cli) -> None:
    found = xkd_bench.compare(*answered)
    assert found.to_json() == run_cli("compare", *(one.folder for one in answered), "--json")[1]
    assert "student1 against student0" in repr(found)
    assert found.verdict("kappa") in ("better", "worse", "not separable")


def test_one_row_a_score(comparison: xkd_bench.Comparison) -> None:
    found = comparison.to_pandas().set_index("score")
    scores = json.loads(comparison.to_json())["compared"][0]["scores"]
    assert list(found.index) == [one["name"] for one in scores]
    row = found.loc["centred_cosine.globenc"]
    assert list(row[["task", "first", "second", "metric", "part"]]) == [
        *("glue/sst2", "vanilla_kd", "attn_last", "centred_cosine", "globenc")
    ]
    assert row["difference"] == pytest.approx(row["value_second"] - row["value_first"])
    assert row["verdict"] == comparison.verdict("centred_cosine.globenc") == "worse"
    assert found.loc["kappa", "margin"] == 0.2
    assert found["margin"].isna().sum() == len(found) - 1
    assert str(found["p_adjusted"].dtype) == "float64"
    assert str(found["reason"].dtype) == "string"


def test_verdicts_are_named_or_refused(comparison: xkd_bench.Comparison) -> None:
    assert comparison.verdict("kappa", task="sst2", second="attn_last") == "equivalent"
    with pytest.raises(xkd_bench.BadInputError, match="did you mean kappa"):
        comparison.verdict("kapa")
    three = xkd_bench.compare(VANILLA, ATTENTION, REFERENCE / "pkd", task="sst2", metrics=["kappa"])
    with pytest.raises(xkd_bench.BadInputError, match="attn_last on glue/sst2; pkd on glue/sst2"):
        three.verdict("kappa")
    assert three.verdict("kappa", second="pkd") in ("better", "worse", "not separable")


def test_seeds_as_a_list_or_by_commas() -> None:
    groups = [[REFERENCE / name / "glue" / "sst2" for name in names] for names in (("pd", "pkd"), ("mgskd", "ad_kd"))]
    by_list = xkd_bench.compare(*groups, metrics="kappa")
    by_commas = xkd_bench.compare(*(",".join(map(str, group)) for group in groups), metrics="kappa")
    assert by_list.to_json() == by_commas.to_json()
    assert by_list.outcome.compared[0].seeds == (2, 2)


def test_bad_words(tmp_path: Path) -> None:
    for arguments, options, says in (
        ((VANILLA, tmp_path / "nowhere"), {}, "no such folder"),
        ((VANILLA, ATTENTION), {"metrics": "kapa"}, "did you mean kappa"),
        ((VANILLA, ATTENTION), {"margins": {"kappa": -1.0}}, "above 0"),
    ):
        with pytest.raises(xkd_bench.BadInputError, match=says):
            xkd_bench.compare(*arguments, **options)


def test_a_hostile_name_is_text(comparison: xkd_bench.Comparison) -> None:
    bad = "<script>alert(1)</script>"
    task = comparison.outcome.compared[0]
    flipped = (replace(task.changed.flipped[0], example_id=bad), *task.changed.flipped[1:])
    hostile = replace(task, title=bad, first=bad, remarks=(bad,), changed=replace(task.changed, flipped=flipped))
    html = xkd_bench.Comparison(replace(comparison.outcome, compared=(hostile,)))._repr_html_()
    assert "<script" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 4
    assert "&lt;script&gt;" in html.partition("</thead>")[0], "the heads of columns, too"
