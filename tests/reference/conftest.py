"""One whole run of the small suite, by two workers at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from suites import run_command, write_suite


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_suite(tmp_path_factory.mktemp("suite"))


@pytest.fixture(scope="session")
def finished(suite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with work, store and out of an undisturbed run."""
    import subprocess
    import sys

    folder = tmp_path_factory.mktemp("finished")
    command = [sys.executable, "-m", "xkd_bench", *run_command(suite, folder, "--workers", 2)]
    outcome = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    (folder / "said.txt").write_text(outcome.stdout)
    return folder
