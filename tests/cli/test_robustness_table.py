"""`xkd-bench robustness`: scores under perturbation of several records, beside what papers print."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from synthetic import perturbed, record, score, write_entry

Cli = Callable[..., tuple[int, str, str]]


def entry(folder: Path, name: str, one: dict) -> Path:  # type: ignore[type-arg]
    write_entry(folder, f"people/{name}", [one], toml=f'name = "{name}"\nmethod = "vanilla_kd"\n')
    return folder / "people" / name


def test_models_are_columns_and_what_papers_print_stands_apart(tmp_path: Path, run_cli: Cli) -> None:
    folders = [entry(tmp_path, name, perturbed(name, score(0.6))) for name in ("one", "two")]
    code, output, _ = run_cli("robustness", *folders)
    assert code == 0
    heads, marks, plain, typo, *_ = output.splitlines()[1:]
    assert heads.split() == ["teacher", "one", "two", "bert-base", "distilbert", "mobilebert", "tinybert"]
    assert marks.split() == ["measured"] * 3 + ["reported"] * 4
    assert plain.split()[3:] == ["0.720", "0.680", "0.680", "0.604", "0.509", "-0.020", "0.000", "?"]
    assert typo.startswith("Keyboard typo")
    assert " ".join(typo.split()[2:11]) == "0.700 ± 0.000 0.600 ± 0.100 0.600 ± 0.100"
    assert "reported: Chen, Huang & Li" in output
    assert "measured with one edit" in output
    assert run_cli("robustness", next(folders[0].rglob("record.json")), folders[1])[1] == output
    alone = run_cli("robustness", folders[0], "--no-reported")[1]
    assert "bert-base" not in alone
    assert "reported" not in alone


def test_as_markdown(tmp_path: Path, run_cli: Cli) -> None:
    folder = entry(tmp_path, "a|b", perturbed("a", score(0.6)))
    lines = run_cli("robustness", folder, "--no-reported", "--markdown")[1].splitlines()
    assert lines[2:5] == [
        "| Perturbation | teacher | a\\|b |",
        "| --- | ---: | ---: |",
        "| as they are | 0.720 | 0.680 |",
    ]


def test_what_cannot_stand_in_one_table_is_refused(tmp_path: Path, run_cli: Cli) -> None:
    one = entry(tmp_path, "one", perturbed("one", score(0.6)))
    other = entry(tmp_path, "other", perturbed("other", score(0.6), draws=2))
    task = entry(tmp_path, "task", perturbed("task", score(0.6), task="sst2"))
    without = entry(tmp_path, "without", record("cola", student="w", level=0.6, follow=0.6, teacher_level=0.8))
    for folders, said in (
        ((one, other), "other perturbations, draws or examples"),
        ((one, task), "one of SST-2"),
        ((without,), "a record without it"),
    ):
        code, _, errors = run_cli("robustness", *folders)
        assert code != 0
        assert said in errors
