"""The gate as a pytest plugin, in a pytest of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "submissions" / "reference"
SST2 = "glue/sst2"


def run(folder: Path, *arguments: object, test: str | None = None) -> tuple[int, str]:
    (folder / "pytest.ini").write_text("[pytest]\n")
    if test is not None:
        (folder / "test_reasons.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-p", "xkd_bench.verdicts.pytest_plugin", "-v", *map(str, arguments)]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path}, check=False
    )
    return done.returncode, done.stdout + done.stderr


def folders(candidate: Path, baseline: Path) -> tuple[object, ...]:
    return f"--xkd-candidate={candidate}", f"--xkd-baseline={baseline}"


def test_a_test_for_every_score_and_the_fixture(tmp_path: Path) -> None:
    test = "def test_reasons(xkd_alignment):\n    assert xkd_alignment.exit_code() == 1\n"
    code, output = run(tmp_path, *folders(REFERENCE / "attn_last" / SST2, REFERENCE / "vanilla_kd" / SST2), test=test)
    assert code == 1
    assert "test_reasons.py::test_reasons PASSED" in output
    assert "glue/sst2::kappa PASSED" in output
    assert "glue/sst2::centred_cosine.globenc FAILED" in output
    assert "fail: Centred cosine, GlobEnc: -0.064" in output


def test_all_pass_and_what_is_undecided_is_skipped(tmp_path: Path) -> None:
    margins = tmp_path / "margins.toml"
    margins.write_text("schema_version = 1\n[margins]\nkappa = 0.06\nkl_divergence = 0.0001\n")
    pair = folders(REFERENCE / "attn_last" / SST2, REFERENCE / "vanilla_kd" / SST2)
    code, output = run(tmp_path, *pair, "--xkd-margins", margins)
    assert code == 1, output
    assert "kl_divergence FAILED" in output
    margins.write_text("schema_version = 1\n[margins]\nkappa = 0.06\naccuracy = 0.001\n")
    assert run(tmp_path, *pair, "--xkd-margins", margins)[0] == 1
    code, output = run(tmp_path, *pair, "--xkd-margins", margins, "--xkd-allow-undecided")
    assert code == 0, output
    assert "1 passed, 1 skipped" in output


@pytest.mark.parametrize("baseline", [None, "empty"])
def test_without_a_baseline_nothing_passes(tmp_path: Path, baseline: str | None) -> None:
    (tmp_path / "empty").mkdir()
    options = [f"--xkd-baseline={tmp_path / baseline}"] if baseline else []
    code, output = run(tmp_path, f"--xkd-candidate={REFERENCE / 'vanilla_kd' / SST2}", *options)
    assert code == 1
    assert "expected" in output


def test_a_pytest_without_options_is_left_alone(tmp_path: Path) -> None:
    light = "import sys\ndef test_light():\n    assert 'numpy' not in sys.modules\n"
    test = light + "def test_reasons(xkd_alignment):\n    pass\n"
    code, output = run(tmp_path, test=test)
    assert code == 0, output
    assert "1 passed, 1 skipped" in output
