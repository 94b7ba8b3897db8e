"""Data that is not what its task file says: refused with file, field or row, before any model runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from known_model import WORDS, Known
from own_data import Row, assert_refused, files_below, made_rows, write_rows, write_task

Cli = Callable[..., tuple[int, str, str]]
SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")


@pytest.fixture
def judge(run_cli: Cli, known: Known, tmp_path: Path) -> Callable[..., tuple[int, str, str]]:
    """Judge a good model on a task; where that is refused, see that nothing was written or measured."""

    def run(task: object, *more: object) -> tuple[int, str, str]:
        store, output = tmp_path / "store", tmp_path / "entry"
        outcome = run_cli(
            "evaluate",
            known.model,
            "--task",
            task,
            "--store",
            store,
            "--output",
            output,
            "--no-timing",
            "--no-perturbations",
            *more,
        )
        if outcome[0]:
            assert not output.exists(), files_below(output)
            assert not list(store.rglob("*.parquet"))
        return outcome

    return run


def fingerprint(folder: Path) -> str:
    return str(json.loads((folder / "entry/own/mine/record.json").read_text())["task"]["fingerprint"])


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("colla", "cola"),
        ("glue/sst-2", "glue/sst2"),
        ("Digits", "digits"),
        ("something else entirely", "xkd-bench tasks list"),
    ],
)
def test_an_unknown_task_is_told_a_name_near_it(judge: Cli, name: str, near: str) -> None:
    assert_refused(judge(name), "--task", repr(name), near)


def edited(toml: Path, before: str, after: str) -> Path:
    text = toml.read_text()
    assert before in text
    toml.write_text(text.replace(before, after))
    return toml


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("[data]", "[data", ("mine.toml", "valid TOML", "line")),
        ('title = "Mine"', 'title = "Mine"\ncolour = "red"', ("mine.toml, colour", "a field that does not exist")),
        ('label = "label"', 'label = "label"\nlables = "x"', ("data.columns.lables", "a field that does not exist")),
        ('title = "Mine"', "", ("mine.toml, title", "required")),
        ('title = "Mine"', "title = 3", ("mine.toml, title", "string")),
        ("max_length = 24", "max_length = 0", ("inputs.max_length", "greater than or equal to 4")),
        ('modality = "text"', 'modality = "pair"', ("mine.toml", "data.columns")),
        ('labels = ["unacceptable", "acceptable"]', 'labels = ["one"]', ("at least two names",)),
        ("schema_version = 1", "schema_version = 2", ("schema_version",)),
    ],
)
def test_a_malformed_task_file_is_named_with_its_field(
    judge: Cli, tmp_path: Path, before: str, after: str, words: tuple[str, ...]
) -> None:
    task = write_task(tmp_path / "task", made_rows(8, WORDS))
    assert_refused(judge(edited(task, before, after)), *words)


def test_a_task_file_that_is_not_there_or_no_text_is_named(judge: Cli, tmp_path: Path) -> None:
    assert_refused(judge(tmp_path / "none.toml"), "none.toml", "no such file")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    assert_refused(judge(tmp_path / "bytes.toml"), "bytes.toml", "UTF-8")
    (tmp_path / "folder.toml").mkdir()
    assert_refused(judge(tmp_path / "folder.toml"), "folder.toml", "directory")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("column", ["id", "sentence", "label"])
def test_a_missing_column_is_named(judge: Cli, tmp_path: Path, suffix: str, column: str) -> None:
    rows = [{("other" if key == column else key): value for key, value in row.items()} for row in made_rows(8, WORDS)]
    task = write_task(tmp_path / "task", rows, suffix)
    assert_refused(judge(task), "mine, split rows", f"no column {column}", "there are:", "[data.columns]")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_an_empty_split_is_refused(judge: Cli, tmp_path: Path, suffix: str) -> None:
    task = write_task(tmp_path / "task", made_rows(8, WORDS), suffix)
    path = task.parent / f"rows{suffix}"
    if suffix == ".csv":
        path.write_text("id,sentence,label\n")
    else:
        pq.write_table(pq.read_table(path).slice(0, 0), path)
    assert_refused(judge(task), "mine, split rows", "at least one row", "an empty split")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_empty_file_is_refused(judge: Cli, tmp_path: Path, suffix: str) -> None:
    task = write_task(tmp_path / "task", made_rows(8, WORDS), suffix)
    (task.parent / f"rows{suffix}").write_bytes(b"")
    assert_refused(judge(task), f"rows{suffix}", "at least one row", "an empty split")


@pytest.mark.parametrize("name", ["gone.csv", "rows.xlsx", "../rows.csv"])
def test_a_data_file_that_is_not_there_is_named(judge: Cli, tmp_path: Path, name: str) -> None:
    task = write_task(tmp_path / "task", made_rows(8, WORDS))
    assert_refused(judge(edited(task, "rows.csv", name)), "[data]", Path(name).name, "correct the file name")


def test_a_missing_data_folder_is_named_with_the_place_looked_at(judge: Cli, tmp_path: Path) -> None:
    place = tmp_path / "nowhere"
    outcome = judge("glue/cola", "--data-root", place)
    assert_refused(outcome, "glue/cola, split validation", f"{place}/glue/cola/validation-*.parquet", "no such folder")
    (place / "glue" / "cola").mkdir(parents=True)
    assert_refused(judge("glue/cola", "--data-root", place), "no such file")


def test_data_that_cannot_be_reached_is_refused(judge: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "datasets")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    assert_refused(judge("glue/cola"), "glue/cola, split validation", "nyu-mll/glue", "--data-root")


def test_rows_that_differ_from_the_pin_name_both_fingerprints(judge: Cli, tmp_path: Path) -> None:
    rows = made_rows(24, WORDS)
    task = write_task(tmp_path / "task", rows)
    assert judge(task)[0] == 0
    pin = fingerprint(tmp_path)
    task.write_text(f'{task.read_text()}\n[data.fingerprints]\nrows = "{pin}"\n')
    before = files_below(tmp_path / "entry")
    rows[5]["sentence"] += " indeed"
    write_rows(task.parent / "rows.csv", rows)
    outcome = run_refused(judge, task, tmp_path)
    other = outcome[2].split("other rows, fingerprint ")[1].split()[0]
    assert_refused(outcome, f"the official rows, fingerprint {pin}", "sha256:", "a task file of your own")
    assert other != pin
    assert files_below(tmp_path / "entry") == before, "the earlier good record is untouched"
    rows[5]["sentence"] = rows[5]["sentence"].removesuffix(" indeed")
    write_rows(task.parent / "rows.csv", rows)
    assert judge(task)[0] == 0


def run_refused(judge: Cli, task: Path, folder: Path) -> tuple[int, str, str]:
    """As `judge`, where an earlier record and its measurements are there to be kept."""
    (folder / "entry").rename(folder / "kept")
    (folder / "store").rename(folder / "kept store")
    outcome = judge(task)
    (folder / "kept").rename(folder / "entry")
    return outcome


def test_doubled_ids_are_named(judge: Cli, tmp_path: Path) -> None:
    rows = made_rows(8, WORDS)
    rows[6]["id"] = "row-2"
    assert_refused(judge(write_task(tmp_path / "task", rows)), "a different id", "'row-2' more than once")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("label", ["2", "-2", "good", ""])
def test_a_label_out_of_range_is_named_with_its_row(judge: Cli, tmp_path: Path, suffix: str, label: str) -> None:
    rows = [row | {"label": str(i % 2)} for i, row in enumerate(made_rows(8, WORDS))]
    rows[5]["label"] = label
    task = write_task(tmp_path / "task", rows, suffix)
    assert_refused(judge(task), "row 5", "unacceptable, acceptable (or its index)", repr(label))


def test_a_target_that_is_no_number_is_named(judge: Cli, run_cli: Cli, tmp_path: Path) -> None:
    rows = [row | {"label": "high" if i == 3 else i / 2} for i, row in enumerate(made_rows(8, WORDS))]
    task = write_task(tmp_path / "task", rows, labels=(), train=rows)
    code, output, error = run_cli("tasks", "check", task)
    assert code == 2
    assert "'high'" in output
    assert "2 of 2 splits could not be used" in error


@pytest.mark.parametrize(
    ("suffix", "value", "found"),
    [
        (".jsonl", None, "NoneType None"),
        (".parquet", None, "NoneType None"),
        (".jsonl", ["a", "b"], "list ['a', 'b']"),
        (".parquet", 3, "int 3"),
    ],
)
def test_a_cell_that_is_no_text_is_named_with_its_row_and_column(
    judge: Cli, tmp_path: Path, suffix: str, value: object, found: str
) -> None:
    rows = made_rows(8, WORDS)
    if value is not None:
        rows = [row | {"sentence": value} for row in rows]
    rows[4]["sentence"] = value
    row = 4 if value is None else 0
    task = write_task(tmp_path / "task", rows, suffix)
    assert_refused(judge(task), f"mine, split rows, row {row}, column sentence", "a text", found)


@pytest.mark.parametrize(("suffix", "hidden"), [(".csv", -1), (".tsv", "-1"), (".jsonl", -1), (".parquet", None)])
def test_hidden_labels_on_the_evaluation_split_are_counted(
    judge: Cli, tmp_path: Path, suffix: str, hidden: object
) -> None:
    rows = [row | {"label": i % 2} for i, row in enumerate(made_rows(8, WORDS))]
    rows[2]["label"] = rows[3]["label"] = hidden
    if suffix in (".jsonl", ".parquet"):
        assert all(isinstance(row["label"], int | None) for row in rows)
    task = write_task(tmp_path / "task", rows, suffix)
    assert_refused(judge(task), "mine, split rows", "a label for every example", "2 of 8 hidden")


@pytest.mark.parametrize("part", ["the footer", "the middle", "the head"])
def test_a_parquet_file_that_was_cut_is_refused(judge: Cli, tmp_path: Path, part: str) -> None:
    task = write_task(tmp_path / "task", made_rows(2000, WORDS), ".parquet")
    path = task.parent / "rows.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[: {"the footer": -6, "the middle": len(whole) // 2, "the head": 3}[part]])
    assert_refused(judge(task), "mine, split rows", "readable data", "Parquet", "fetch it again")


def test_the_hub_s_files_cut_in_the_middle_are_refused(judge: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "glue" / "cola"
    folder.mkdir(parents=True)
    path = folder / "validation-00000-of-00001.parquet"
    count = 1043
    columns = {"idx": np.arange(count), "sentence": [f"Row {i}." for i in range(count)], "label": np.ones(count, int)}
    pq.write_table(pa.table(columns), path)
    assert_refused(judge("glue/cola", "--data-root", tmp_path / "data"), "official rows", "other rows")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert_refused(judge("glue/cola", "--data-root", tmp_path / "data"), "readable data", "Parquet", "fetch it again")


def test_a_csv_file_in_another_encoding_or_with_ragged_rows_is_refused(judge: Cli, tmp_path: Path) -> None:
    task = write_task(tmp_path / "task", made_rows(8, WORDS))
    path = task.parent / "rows.csv"
    whole = path.read_text()
    path.write_bytes(whole.replace("the", "thé").encode("latin-1"))
    assert_refused(judge(task), "mine, split rows", "utf-8", "mend the file")
    path.write_text(whole + "row-9,too,many,cells\n")
    assert_refused(judge(task), "mine, split rows", "Expected 3 fields in line 10, saw 4", "mend the file")


AWKWARD = ("None", "NA", "null", "nan", "", "-1", "007", "1e5", "True", " spaced ", 'quoted "text", here', "ünïcode ✓",
           "line\nbreak", "tab\there", "=1+1", "#", "2024-01-01")  # fmt: skip


@pytest.mark.parametrize("column", ["sentence", "id"])
def test_texts_that_look_like_something_else_survive_in_every_format(tmp_path: Path, column: str) -> None:
    from xkd_bench.tasks.loading import load
    from xkd_bench.tasks.registry import find_task

    rows = [row | {column: text} for row, text in zip(made_rows(len(AWKWARD), WORDS), AWKWARD, strict=True)]
    prints = set()
    for suffix in SUFFIXES:
        for order in (rows, rows[::-1]):
            task = write_task(tmp_path / f"{suffix}{len(prints)}{order is rows}", order, suffix)
            examples = load(find_task(str(task)), "evaluation")
            texts = examples.example_ids if column == "id" else [row.text for row in examples.inputs]  # type: ignore[union-attr]
            assert sorted(texts) == sorted(AWKWARD), suffix
            prints.add(examples.fingerprint)
    assert len(prints) == 1


def all_numbers(rows: Sequence[Row]) -> list[Row]:
    """Texts and ids that a reader of tables would take for numbers, every one of them."""
    return [{"id": f"{i:03}", "sentence": f"{i}.50", "label": str(i % 2)} for i in range(len(rows))]


def as_integers(rows: Sequence[Row]) -> list[Row]:
    return [row | {"label": i % 2} for i, row in enumerate(rows)]


@pytest.mark.parametrize("change", [list, all_numbers, as_integers])
def test_the_same_rows_give_the_same_record_in_every_format_and_order(
    judge: Cli, tmp_path: Path, change: Callable[[Sequence[Row]], list[Row]]
) -> None:
    rows = change(made_rows(40, WORDS))
    records = []
    for suffix in SUFFIXES:
        for order in (rows, rows[::-1]):
            task = write_task(tmp_path / f"{suffix} {len(records)}", order, suffix)
            assert judge(task)[0] == 0
            folder = tmp_path / "entry/own/mine"
            records.append(((folder / "record.json").read_bytes(), (folder / "examples.parquet").read_bytes()))
    assert len(set(records)) == 1
    runs = json.loads((tmp_path / "entry/own/mine/run.json").read_text())
    assert runs["forwards"]["student"] == 0, "and all but the first came from the store"
