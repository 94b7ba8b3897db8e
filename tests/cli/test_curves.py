"""`xkd-bench curves`: a record's curves in the terminal and as one page that loads nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from synthetic import SCRIPT, curve, masked, record, score, write_entry

Cli = Callable[..., tuple[int, str, str]]
KEYS = ("lime", "attention")


@pytest.fixture
def entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A submission of two tasks with faithfulness, whose name is hostile: a check that refuses it is not relied on."""
    monkeypatch.setattr("xkd_bench.records.submission._is_unsafe", lambda character, in_name: False)
    tasks = [masked("one", 0.41, score(0.93), keys=KEYS, task=name) for name in ("sst2", "cola")]
    tasks[0]["faithfulness"]["found"]["student"]["attention"]["curves"]["accuracy"] = {
        "most": curve(0.99, None, 0.01),
        "least": curve(None, None, None),
    }
    return write_entry(tmp_path, "people/mine", tasks, toml=f'name = "{SCRIPT}"\nmethod = "kd"\n')


def test_an_explainer_is_a_row_of_bars_with_its_drop(run_cli: Cli, entry: Path) -> None:
    """0.9, 0.4 and 0.2 are the eighth, fourth and second of eight bars."""
    code, output, error = run_cli("curves", entry / "glue" / "sst2")
    assert code == 0, error
    rows = [line.split() for line in output.splitlines() if line.split()[:1] == ["LIME"]]
    assert rows[0] == ["LIME", "█▄▂", "0.20", "█▇▅", "0.60", "█▆▄", "0.40", "+0.410", "[+0.370,", "+0.450]", "1000"]
    assert [row[-4] for row in rows] == ["+0.410", "+0.520", "-0.200"], "student, teacher, transfer"
    assert "left at 0, 40, 80 % of the units masked" in output
    assert "Never compare curves of two models" in output


def test_a_missing_value_is_a_dot_and_a_missing_curve_a_dash(run_cli: Cli, entry: Path) -> None:
    output = run_cli("curves", entry / "glue" / "sst2", "--measure", "accuracy")[1]
    row = next(line for line in output.splitlines() if line.split()[:1] == ["Attention"])
    assert row.split() == ["Attention", "█·▁", "0.01", "–", "–", "–", "not", "in", "this", "record"]


def test_a_submission_of_one_task_is_enough_and_one_of_several_says_which(
    run_cli: Cli, entry: Path, tmp_path: Path
) -> None:
    code, _, error = run_cli("curves", entry)
    assert code == 2
    assert "a submission with 2 tasks" in error
    assert f"{entry / 'glue' / 'cola'}, {entry / 'glue' / 'sst2'}" in error
    one = write_entry(tmp_path, "single", [masked("one", 0.4, score(0.9))], toml='name = "a"\nmethod = "b"\n')
    assert run_cli("curves", one)[1] == run_cli("curves", one / "glue" / "sst2")[1] != ""


def test_a_task_folder_may_be_named_from_within(run_cli: Cli, entry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = run_cli("curves", entry / "glue" / "cola")[1]
    monkeypatch.chdir(entry / "glue" / "cola")
    assert run_cli("curves", ".") == (0, expected, "")


def test_the_page_has_student_teacher_and_transfer_and_loads_nothing(run_cli: Cli, entry: Path, tmp_path: Path) -> None:
    target = tmp_path / "new" / "page.html"
    code, output, error = run_cli("curves", entry / "glue" / "sst2", "--html", target)
    assert (code, output) == (0, f"page: {target}\n"), error
    html = target.read_text(encoding="utf-8")
    assert re.findall(r"<h2[^>]*>([^<]*)</h2>", html) == [
        "The student’s own explanations",
        "The teacher’s own explanations, on the teacher",
        "The teacher’s explanations, on the student",
    ]
    assert html.count('<svg viewBox="0 0 300 206" role="img"') == 3 * len(KEYS)
    assert html.count('<g class="curve transfer">') == 1 + len(KEYS), "in the legend and the panels of the student"
    assert SCRIPT not in html
    assert SCRIPT in unescape(html)
    assert not re.findall(r"<(?:script|img|iframe|link|object|form)", html)
    assert not re.findall(r"""\s(?:style|on\w+)=(?=["'])""", html)
    assert not re.findall(r"""(?:src|href)=["'](?!#)|url\(|@import|https?:""", html)
    style = re.findall(r"<style>(.*?)</style>", html, flags=re.DOTALL)[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = unescape(re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)[0])
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in policy
    assert "prefers-color-scheme: dark" in style
    run_cli("curves", entry / "glue" / "sst2", "--html", tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == target.read_bytes()


def test_the_page_of_another_measure_has_no_transfer_ratio(run_cli: Cli, entry: Path, tmp_path: Path) -> None:
    pages = {}
    for measure in ("probability", "accuracy"):
        run_cli("curves", entry / "glue" / "sst2", "--measure", measure, "--html", tmp_path / f"{measure}.html")
        pages[measure] = (tmp_path / f"{measure}.html").read_text()
    assert "transfer ratio 0.93 [0.89, 0.97]" in pages["probability"]
    assert "transfer ratio 0.93" not in pages["accuracy"]
    assert "↑ accuracy</text>" in pages["accuracy"]


def test_what_has_no_curves_is_refused_with_a_reason(run_cli: Cli, entry: Path, tmp_path: Path) -> None:
    silent = record("sst2", student="silent", level=0.6, follow=0.6)
    bare = write_entry(tmp_path, "bare", [silent], toml='name = "a"\nmethod = "b"\n')
    for arguments, words in (
        ((bare,), "a record with faithfulness"),
        ((entry / "glue" / "cola", "--measure", "probabilty"), "probability, agreement, accuracy"),
        ((tmp_path / "nowhere",), "submission.toml"),
    ):
        code, output, error = run_cli("curves", *arguments)
        assert (code, output) == (2, "")
        assert words in error
        assert "to do" in error
