"""`xkd-bench explain`: the same words of every model beside each other, in the terminal and on one page."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

Cli = Callable[..., tuple[int, str, str]]
TEXT = "the careful queen described an egg ."
HOSTILE = "<script>alert(1)</script> the queen & \x1b[31m egg"


@pytest.fixture(scope="module")
def pair(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A teacher, and a student of other weights in a folder whose name is hostile."""
    import torch
    from safetensors.torch import load_file, save_file

    student = tmp_path_factory.mktemp("explained") / "<b>other"
    shutil.copytree(tiny_models / "grammar", student)
    weights = load_file(student / "model.safetensors")
    weights["classifier.weight"] = torch.flip(weights["classifier.weight"], dims=(1,)).contiguous()
    save_file(weights, student / "model.safetensors", metadata={"format": "pt"})
    return tiny_models / "grammar", student


@pytest.fixture
def explain(run_cli: Cli, pair: tuple[Path, Path], tmp_path: Path) -> Cli:
    def run(*arguments: object) -> tuple[int, str, str]:
        models = ("--teacher", pair[0], "--student", pair[1])
        return run_cli("explain", "--task", "grammar", "--store", tmp_path / "store", *models, *arguments)

    return run


def test_every_model_has_a_row_of_signed_numbers_under_the_same_words(explain: Cli) -> None:
    code, output, error = explain(TEXT, "--explainer", "lime,occlusion")
    assert code == 0, error
    for title in ("LIME", "Occlusion"):
        block = output[output.index(f"\n{title}") :]
        words, teacher, student = block.splitlines()[2:5]
        assert words.split() == TEXT.split()
        assert teacher.split()[:2] == ["grammar", "teacher"]
        assert student.split()[0] == "<b>other"
        for row in (teacher, student):
            assert len(re.findall(r"[+−]\d", row)) >= len(TEXT.split()) - 1
    assert "all 128 maskings, words deleted" in output
    assert "\x1b" not in output, "no colour where it is no terminal"


def test_the_teacher_beside_itself_has_cosine_one(explain: Cli, pair: tuple[Path, Path]) -> None:
    output = explain(TEXT, "--student", pair[0], "--explainer", "lime,integrated_gradients")[1]
    assert len(re.findall(r"^grammar +1\.000 ", output, flags=re.MULTILINE)) == 2


def test_the_page_is_one_file_that_loads_nothing_and_runs_nothing_of_a_text(explain: Cli, tmp_path: Path) -> None:
    page = tmp_path / "words.html"
    code, output, error = explain(HOSTILE, "--explainer", "lime", "--html", page)
    assert code == 0, error
    assert "\x1b" not in output
    html = page.read_text(encoding="utf-8")
    assert "<script" not in html
    assert "<b>other" not in html
    assert "&lt;script&gt;" in html
    assert "&lt;b&gt;other" in html
    assert "Content-Security-Policy" in html
    assert not re.findall(r"""(?:src|href)=(?!["']#)|url\(""", html)
    assert "prefers-color-scheme: dark" in html


@pytest.mark.parametrize("text", ["", "   ", "queen", "!!!", "🙂 👍🏽", "שלום עולם מה", "the queen " * 1500])
def test_odd_texts_say_what_is_missing_and_end_well(explain: Cli, text: str) -> None:
    code, output, error = explain(text, "--explainer", "occlusion", "--protocol", "quick")
    assert code == 0, error
    assert "grammar" in output
    assert "Traceback" not in output + error


def test_an_example_of_the_task_is_explained_with_its_label(explain: Cli) -> None:
    code, output, error = explain("--example", "agreement-0", "--explainer", "lime")
    assert code == 2
    wanted = re.search(r"found +'agreement-0'", error)
    assert wanted
    some = re.findall(r"split \S+: (\S+) …", error)[0]
    code, output, error = explain("--example", some, "--explainer", "lime")
    assert code == 0, error
    assert some in output
    assert "acceptable" in output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--target", "lovely"), ("--target", "unacceptable, acceptable", "lovely")),
        (("--explainer", "limes"), ("did you mean lime",)),
        (("--fill", "blur"), ("--fill", "delete or mask")),
        (("--text-pair", "more"), ("--text-pair", "none, as demo/grammar is about single texts")),
        (("--protocol", "quik"), ("quick",)),
        (("--protocol", "paper", "--explainer", "lime"), ("which has no maskings",)),
    ],
)
def test_what_cannot_be_explained_is_refused_with_a_reason(
    explain: Cli, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    code, _, error = explain(TEXT, *arguments)
    assert code == 2
    for word in words:
        assert word in error


def test_without_text_or_model_it_says_what_to_give(run_cli: Cli, explain: Cli) -> None:
    assert "--example" in explain()[2]
    code, _, error = run_cli("explain", TEXT, "--task", "grammar")
    assert code == 2
    assert "at least one model" in error
    assert "a task of texts" in run_cli("explain", TEXT, "--task", "digits", "--student", "x")[2]
