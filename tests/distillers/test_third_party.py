"""Other people's methods: the example of the documentation, installed by pip, listed, checked and trained."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import xkd_bench.distillers

README = Path(xkd_bench.distillers.__file__).parent / "README.md"
BLOCK = re.compile(r"<!-- plugin: (\S+) -->\n```\w+\n(.*?)```", re.S)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables under which a fresh process finds the package, as pip put it into a folder."""
    folder = tmp_path_factory.mktemp("third party")
    package, installed = folder / "cls-match", folder / "installed"
    package.mkdir()
    blocks = dict(BLOCK.findall(README.read_text(encoding="utf-8")))
    assert set(blocks) == {"pyproject.toml", "cls_match.toml", "cls_match.py"}
    for name, text in blocks.items():
        (package / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target"]
    subprocess.run([*command, str(installed), str(package)], check=True)
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(installed), os.environ.get("PYTHONPATH", "")])}


def run(environment: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "xkd_bench", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)


def test_the_example_is_short() -> None:
    blocks = BLOCK.findall(README.read_text(encoding="utf-8"))
    assert sum(len(text.strip().splitlines()) for _, text in blocks) < 60


def test_it_is_listed_checked_and_trained(environment: dict[str, str], tiny_models: Path, tmp_path: Path) -> None:
    assert "match the last [CLS] state" in run(environment, "distillers", "list").stdout
    assert "cos(h_S, h_T)" in run(environment, "distillers", "show", "cls_match").stdout
    checked = run(environment, "plugin", "check", "cls_match")
    assert checked.returncode == 0, checked.stdout
    assert "19 of 19 hold" in checked.stdout
    start = tiny_models / "grammar"
    trained = run(
        environment, "distill", "cls_match", "--task", "demo/grammar", "--teacher", start, "--student", start,
        "--layers", "1,3", "--train-rows", 640, "--epochs", 1, "--output", tmp_path / "S", "--store", tmp_path / "st",
        "--set", "weight=0.5",
    )  # fmt: skip
    assert trained.returncode == 0, trained.stderr
    assert "cls " in trained.stdout


def test_every_method_and_metric_of_ours_holds_what_all_promise() -> None:
    checked = run(dict(os.environ), "plugin", "check", "all")
    assert checked.returncode == 0, checked.stdout
    assert "✗" not in checked.stdout


def test_a_method_that_breaks_a_promise_is_told_so(tmp_path: Path) -> None:
    """One that trains the teacher's way: a term that pulls on padding, from the global generator, with a bad name."""
    (tmp_path / "bad.py").write_text(
        "import torch\n"
        "from xkd_bench.distillers.contract import Distiller, Declaration, label_loss\n"
        "from xkd_bench.models.trace import Watch\n"
        "class Bad(Distiller):\n"
        "    teacher = 'trace'\n"
        "    watch = Watch(hidden_states=True)\n"
        "    def declares(self): return Declaration(explainers=('tea leaves',))\n"
        "    def terms(self, step):\n"
        "        noise = torch.rand(())\n"
        "        return {'over all': step.student.hidden_states[-1].square().sum() * noise}\n"
    )
    (tmp_path / "bad.toml").write_text('name = "bad"\ntitle = "Bad"\n[settings]\nnone = "?"\n[presets]\n')
    metadata = tmp_path / "bad-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: bad\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[xkd_bench.distillers]\nbad = bad:Bad\n")
    found = run(os.environ | {"PYTHONPATH": str(tmp_path)}, "plugin", "check", "bad")
    assert found.returncode == 1
    for told in (
        "missing: summary", "card ['none']", "is no name for a term", "global generator on demo/grammar  (over all:",
        "with padding", "tea leaves",
    ):  # fmt: skip
        assert told in found.stdout, found.stdout
    unknown = run(dict(os.environ), "plugin", "check", "nothing")
    assert unknown.returncode == 2
    assert "a metric or method that is installed" in unknown.stderr
