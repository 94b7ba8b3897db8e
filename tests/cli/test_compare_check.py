"""`xkd-bench compare` and `xkd-bench check` on committed entries."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

REFERENCE = Path(__file__).resolve().parents[2] / "submissions" / "reference"
VANILLA, ATTENTION = REFERENCE / "vanilla_kd" / "glue" / "sst2", REFERENCE / "attn_last" / "glue" / "sst2"


def test_compare_in_every_form(run_cli, tmp_path: Path) -> None:
    page, markdown = tmp_path / "page.html", tmp_path / "table.md"
    call = ("compare", VANILLA, ATTENTION, "--metrics", "kappa,centred_cosine", "--margin", "kappa=0.2")
    code, output, _ = run_cli(*call, "--html", page, "--markdown", markdown)
    assert code == 0
    assert "SST-2  ·  attn_last against vanilla_kd" in output
    line = next(line for line in output.splitlines() if "GlobEnc " in line)
    assert line.split()[1:4] == ["0.775", "0.711", "-0.064"]
    assert line.rstrip().endswith("worse")
    assert "equivalent ±0.2" in output
    assert all(len(line) <= 120 for line in output.splitlines()[:-2])
    html = page.read_text()
    assert "<script" not in html
    assert "Reasons that moved most" in html
    assert "| Centred cosine: GlobEnc | 0.775 | 0.711 | -0.064 |" in markdown.read_text()
    told = json.loads(run_cli(*call, "--json")[1])
    assert {one["verdict"] for one in told["compared"][0]["scores"]} >= {"worse", "equivalent"}
    run_cli(*call, "--html", tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == page.read_bytes()


def test_several_tasks_and_three_entries(run_cli) -> None:
    code, output, _ = run_cli(
        "compare", *(REFERENCE / name for name in ("vanilla_kd", "pkd", "mgskd")), "--metrics", "accuracy,kappa"
    )
    assert code == 0
    assert "SST-2  ·  pkd against vanilla_kd" in output
    assert "CIFAR-10  ·  mgskd against vanilla_kd" in output
    assert "not comparable on cifar/cifar10: pkd and vanilla_kd: pkd has no record of it" in output


def test_seeds_by_commas(run_cli) -> None:
    # Not seeds of one method, but three students: what is tested is what is said.
    seeds = ",".join(str(REFERENCE / name / "glue" / "sst2") for name in ("pd", "pkd", "ad_kd"))
    others = ",".join(str(REFERENCE / name / "glue" / "sst2") for name in ("attn_first", "attn_last", "mgskd"))
    code, output, _ = run_cli("compare", seeds, others, "--metrics", "kappa")
    assert code == 0
    assert "3 paired seeds cannot give less than p = 0.25" in output
    assert "seeds × examples" in output
    assert "Not of one method, so that their spread is not that of seeds: pd, pkd, ad_kd." in output


def test_bad_words(run_cli, tmp_path: Path) -> None:
    for arguments, says in (
        (("compare", VANILLA), "two submissions"),
        (("compare", VANILLA, tmp_path), "missing-file"),
        (("compare", VANILLA, ATTENTION, "--margin", "kappa"), "NAME=VALUE"),
        (("compare", VANILLA, ATTENTION, "--metrics", "kapa"), "did you mean kappa"),
        (("check", VANILLA, "--baseline", tmp_path), "missing-file"),
        (("check", VANILLA, "--baseline", ATTENTION, "--margins", "txt"), "images, regression, text"),
    ):
        code, _, errors = run_cli(*arguments)
        assert code == 2, arguments
        assert says in errors, errors


def test_check_in_every_form(run_cli, tmp_path: Path) -> None:
    junit, summary, told = tmp_path / "a.xml", tmp_path / "a.md", tmp_path / "a.json"
    call = ("check", ATTENTION, "--baseline", VANILLA, "--junit", junit, "--markdown", summary, "--json", told)
    code, output, _ = run_cli(*call)
    assert code == 1
    assert output.splitlines()[-1].startswith("failed (")
    assert ElementTree.parse(junit).find("testsuite").get("name") == "glue/sst2"
    assert "Alignment: failed" in summary.read_text()
    scores = json.loads(told.read_text())["tasks"][0]["scores"]
    assert {one["status"] for one in scores} == {"pass", "fail", "undecided"}


def test_check_that_cannot_be_made_leaves_a_report(run_cli, tmp_path: Path) -> None:
    junit = tmp_path / "a.xml"
    code, _, errors = run_cli("check", ATTENTION, "--baseline", tmp_path / "none", "--junit", junit)
    assert code == 2
    assert "no such folder" in errors
    assert ElementTree.parse(junit).find("testsuite").get("errors") == "1"


def test_check_against_itself_passes(run_cli) -> None:
    code, output, _ = run_cli("check", VANILLA, "--baseline", VANILLA, "--margins", "text")
    assert code == 0
    assert "passed (" in output
