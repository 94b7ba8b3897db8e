"""What a wheel and an sdist hold: the program with its task files, cards, templates and assets; no data."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TASK_FILES = sorted(path.relative_to(ROOT / "tasks").as_posix() for path in (ROOT / "tasks").rglob("*.toml"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("build")
    pytest.importorskip("hatchling")
    output = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(output), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return output


def test_the_wheel_has_task_files_cards_and_templates_inside_the_package(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
    assert {f"xkd_bench/task_files/{path}" for path in TASK_FILES} <= names
    package = {path.relative_to(ROOT).as_posix() for path in (ROOT / "xkd_bench").rglob("*") if path.is_file()}
    package = {name for name in package if "__pycache__" not in name}
    assert package <= names
    assert not [name for name in names if name.startswith(("tests/", "submissions/"))]


def test_the_sdist_can_be_built_from(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {"pyproject.toml", "README.md", "LICENSE", "constraints.txt", "xkd_bench/__init__.py"} <= names
    assert {f"tasks/{path}" for path in TASK_FILES} <= names


def test_every_plugin_of_ours_has_its_card_beside_it() -> None:
    from xkd_bench.plugins import card, installed

    for group in ("xkd_bench.metrics", "xkd_bench.distillers"):
        assert installed(group)
        for point in installed(group).values():
            assert card(point)["name"] == point.name


def test_nothing_stands_in_the_repository_that_does_not_belong_there() -> None:
    """No folder and no weights of somebody's run."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    top = {name.split("/", 1)[0] for name in files}
    folders = {name for name in top if (ROOT / name).is_dir() and not name.startswith(".")}
    assert folders == {"leaderboard", "submissions", "tasks", "tests", "xkd_bench"}
    assert not [name for name in files if (ROOT / name).stat().st_size > 5_000_000]
