"""The command line starts fast and light, and fails in words."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

Cli = Callable[..., tuple[int, str, str]]
HEAVY = (
    "torch",
    "transformers",
    "datasets",
    "numpy",
    "scipy",
    "sklearn",
    "pandas",
    "pyarrow",
    "pydantic",
    "jinja2",
    "rich",
)


def test_help_imports_nothing_heavy() -> None:
    """`--help` must stay under 0.3 s; this is what keeps it there, whatever the machine."""
    script = (
        "import sys\nfrom xkd_bench import cli\nsys.argv = ['xkd-bench', '--help']\n"
        "try:\n    cli.main()\nexcept SystemExit:\n    pass\n"
        f"print('HEAVY', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "evaluate" in output
    assert output.rstrip().endswith("HEAVY []")


@pytest.mark.parametrize("verb", ["list_metrics", "list_distillers", "list_tasks"])
def test_listings_import_no_model_library(verb: str) -> None:
    module = {"list_metrics": "metrics", "list_distillers": "distillers", "list_tasks": "tasks"}[verb]
    script = (
        f"import sys\nfrom xkd_bench.cli.{module} import {verb}\n{verb}()\n"
        "print('HEAVY', [name for name in ('torch', 'transformers', 'datasets') if name in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert output.rstrip().endswith("HEAVY []")


def test_listings_name_what_there_is(run_cli: Cli) -> None:
    assert "glue/cola" in run_cli("tasks", "list")[1]
    assert "vanilla_kd" in run_cli("distillers", "list")[1]
    assert "kappa" in run_cli("metrics", "list")[1]
    code, output, _ = run_cli("tasks", "show", "cola")
    assert code == 0
    assert 'headline = "mcc"' in output
    assert "τ² KL(p_T ‖ p_S)" in run_cli("distillers", "show", "vanilla_kd")[1]
    assert "Cohen" in run_cli("metrics", "show", "kappa")[1]


@pytest.mark.parametrize(
    "arguments",
    [("tasks", "show", "colla"), ("metrics", "show", "kapa"), ("distillers", "show", "vanila_kd")],
)
def test_an_unknown_name_gets_near_ones_and_exit_code_2(run_cli: Cli, arguments: tuple[str, ...]) -> None:
    code, _, error = run_cli(*arguments)
    assert code == 2
    assert "did you mean" in error
    assert "Traceback" not in error


def test_tasks_check_prints_both_splits_of_a_demo_task(run_cli: Cli) -> None:
    code, output, _ = run_cli("tasks", "check", "demo/digits")
    assert code == 0
    assert "1437" in output
    assert "360" in output
    assert "yes, as pinned" in output


def test_version(run_cli: Cli) -> None:
    from xkd_bench import __version__

    assert run_cli("--version")[1].strip() == f"xkd-bench {__version__}"
