"""The action's steps, run here as a runner would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "submissions" / "reference"
ACTION = ROOT / ".github" / "actions" / "check" / "action.yml"
pytestmark = pytest.mark.skipif(not ACTION.is_file(), reason="a source archive has no .github")


def run(folder: Path, **inputs: object) -> tuple[int, str, str]:
    """Exit code, output and summary of all steps with these inputs."""
    action = yaml.safe_load(ACTION.read_text())
    given = {
        name: str(inputs.get(name.replace("-", "_"), one.get("default", ""))) for name, one in action["inputs"].items()
    }
    bin_folder = folder / "bin"
    bin_folder.mkdir(exist_ok=True)
    program = bin_folder / "xkd-bench"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m xkd_bench "$@"\n')
    program.chmod(0o755)
    summary = folder / "summary.md"
    summary.touch()
    code, output = 0, ""
    for step in action["runs"]["steps"]:
        environment = os.environ | {
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            "GITHUB_STEP_SUMMARY": str(summary),
            **{name: filled(value, given) for name, value in step["env"].items()},
        }
        done = subprocess.run(
            ["bash", "-e", "-c", step["run"]], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        code, output = done.returncode, output + done.stdout + done.stderr
    return code, output, summary.read_text()


def filled(value: str, given: dict[str, str]) -> str:
    for name, text in given.items():
        value = value.replace(f"${{{{ inputs.{name} }}}}", text)
    return value


def test_no_input_is_pasted_into_a_script() -> None:
    action: dict[str, Any] = yaml.safe_load(ACTION.read_text())
    assert all("${{" not in step["run"] for step in action["runs"]["steps"])
    assert action["runs"]["using"] == "composite"


def test_a_regression_is_caught_and_told(tmp_path: Path) -> None:
    code, output, summary = run(
        tmp_path, candidate=REFERENCE / "attn_last", baseline=REFERENCE / "vanilla_kd", task="sst2", margins="text"
    )
    assert code == 1, output
    assert "Alignment: failed" in summary
    assert "Same answer, another reason" in summary
    assert (tmp_path / "xkd-alignment.xml").read_text().startswith("<?xml")


def test_what_cannot_be_read_ends_with_2_and_the_reason(tmp_path: Path) -> None:
    code, output, summary = run(tmp_path, candidate=REFERENCE / "attn_last", baseline='no"$(touch pasted)')
    assert code == 2
    assert "no such folder" in output
    assert "no such folder" in summary
    assert not (tmp_path / "pasted").exists()
