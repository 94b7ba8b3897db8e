"""From task files to examples: the hub's layout, own files, fingerprints, pins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xkd_bench.errors import BadInputError
from xkd_bench.randomness import generator
from xkd_bench.tasks.examples import TextInput, id_order
from xkd_bench.tasks.loading import load
from xkd_bench.tasks.registry import all_tasks, find_task

ROWS = {"glue/cola": (8551, 1043), "glue/sst2": (67349, 872), "glue/mrpc": (3668, 408), "glue/stsb": (5749, 1500)}


@pytest.mark.real_data
@pytest.mark.parametrize("name", sorted(ROWS))
def test_official_rows_pass_their_pins(real_data: Path, name: str) -> None:
    assert (
        len(load(find_task(name), "train", real_data)),
        len(load(find_task(name), "evaluation", real_data)),
    ) == ROWS[name]


@pytest.mark.real_data
def test_cola_is_read_as_published(real_data: Path) -> None:
    """1,043 sentences, 322 unacceptable; the first 527 are in-domain."""
    examples = load(find_task("cola"), "evaluation", real_data)
    assert np.bincount(examples.labels).tolist() == [322, 721]
    assert {name: int(mask.sum()) for name, mask in examples.slices.items()} == {"in_domain": 527, "out_of_domain": 516}
    assert examples.inputs[0] == TextInput("The sailors rode the breeze clear of the rocks.")
    assert examples.example_ids[:3] == ("0", "1", "2")


@pytest.mark.real_data
def test_stsb_has_targets_and_mnli_three_labels(real_data: Path) -> None:
    targets = load(find_task("stsb"), "evaluation", real_data).labels
    assert targets.dtype == np.float64
    assert (targets.min(), targets.max()) == (0.0, 5.0)
    mnli = load(find_task("mnli_matched"), "evaluation", real_data)
    assert np.bincount(mnli.labels).tolist() == [3479, 3123, 3213]
    assert all(row.text_pair for row in mnli.inputs if isinstance(row, TextInput))


@pytest.mark.real_data
def test_the_hub_path_reads_the_same_rows_from_an_offline_cache(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a data root the hub's client is asked by the hub id; here it answers from its own cache."""
    import datasets
    import datasets.config

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    source = {"validation": str(real_data / "glue" / "cola" / "validation-00000-of-00001.parquet")}
    cached = datasets.load_dataset("parquet", data_files=source, split="validation", cache_dir=str(tmp_path / "made"))
    place = tmp_path / "cache" / "nyu-mll___glue" / "cola" / "0.0.0" / ("0" * 40)
    made = next((tmp_path / "made").rglob("parquet-validation.arrow")).parent
    place.parent.mkdir(parents=True)
    made.rename(place)
    (place / "parquet-validation.arrow").rename(place / "glue-validation.arrow")
    info = json.loads((place / "dataset_info.json").read_text())
    info |= {"builder_name": "parquet", "dataset_name": "glue", "config_name": "cola"}
    (place / "dataset_info.json").write_text(json.dumps(info))
    del cached
    examples = load(find_task("cola"), "evaluation", None)
    assert examples.fingerprint == find_task("cola").card.data.fingerprints["validation"]


def write_multirc(root: Path, rows: list[dict[str, Any]]) -> None:
    folder = root / "super_glue" / "multirc"
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), folder / "validation-00000-of-00001.parquet")


def test_multirc_is_one_row_an_answer_and_clustered_by_question(tmp_path: Path) -> None:
    rows = [
        {
            "paragraph": f"Passage {p}.",
            "question": f"Question {q}?",
            "answer": f"Answer {a}",
            "idx": {"paragraph": p, "question": q, "answer": a},
            "label": a % 2,
        }
        for p, q, a in [(0, 0, 0), (0, 0, 1), (0, 1, 2), (1, 2, 3), (10, 20, 30), (2, 3, 4)]
    ]
    write_multirc(tmp_path, rows)
    examples = load(find_task("multirc"), "evaluation", tmp_path)
    assert examples.example_ids == ("0-0-0", "0-0-1", "0-1-2", "1-2-3", "2-3-4", "10-20-30")
    assert examples.clusters is not None
    assert examples.clusters.tolist() == ["0-0", "0-0", "0-1", "1-2", "2-3", "10-20"]
    assert examples.inputs[1] == TextInput("Passage 0.", "Question 0? Answer 1")


OWN_TASK = """
schema_version = 1
name = "mine"
title = "Mine"
summary = "Is it good?"
modality = "pair"
labels = ["bad", "good"]
headline = "accuracy"
licence = "ours"
citation = "none"

[data]
source = "files"
evaluation = "{file}"

[data.columns]
id = ["key"]
text = ["first"]
text_pair = ["second"]
label = "verdict"
"""
OWN_ROWS = [
    {"key": "b", "first": "None", "second": "NA, null", "verdict": "good"},
    {"key": "a", "first": 'quoted "text"', "second": "ünïcode — ✓", "verdict": "bad"},
    {"key": "10", "first": "", "second": "empty first", "verdict": "bad"},
    {"key": "2", "first": "line\nbreak", "second": "tab\there", "verdict": "good"},
]


def write_own(folder: Path, kind: str, rows: list[dict[str, Any]]) -> Path:
    import csv

    folder.mkdir(exist_ok=True)
    path = folder / f"rows.{kind}"
    if kind in ("csv", "tsv"):
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter="," if kind == "csv" else "\t")
            writer.writeheader()
            writer.writerows(rows)
    elif kind == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    toml = folder / f"{kind}.toml"
    toml.write_text(OWN_TASK.format(file=path.name), encoding="utf-8")
    return toml


def test_the_same_rows_in_any_format_and_order_are_the_same_data(tmp_path: Path) -> None:
    prints = set()
    for kind in ("csv", "tsv", "jsonl", "parquet"):
        for reverse in (False, True):
            rows = OWN_ROWS[::-1] if reverse else OWN_ROWS
            examples = load(find_task(str(write_own(tmp_path / f"{kind}{reverse}", kind, rows))), "evaluation")
            assert examples.example_ids == ("2", "10", "a", "b")
            assert examples.labels.tolist() == [1, 0, 0, 1]
            assert examples.inputs[3] == TextInput("None", "NA, null")
            prints.add(examples.fingerprint)
    assert len(prints) == 1


@pytest.mark.parametrize("field", ["first", "second", "verdict", "key"])
def test_any_changed_cell_changes_the_fingerprint(tmp_path: Path, field: str) -> None:
    before = load(find_task(str(write_own(tmp_path / "a", "jsonl", OWN_ROWS))), "evaluation").fingerprint
    changed = [dict(row) for row in OWN_ROWS]
    changed[1][field] = "good" if field == "verdict" else "other"
    assert load(find_task(str(write_own(tmp_path / "b", "jsonl", changed))), "evaluation").fingerprint != before


def test_data_that_differs_from_a_pin_is_refused_with_both_fingerprints(tmp_path: Path) -> None:
    toml = write_own(tmp_path, "jsonl", OWN_ROWS)
    found = load(find_task(str(toml)), "evaluation").fingerprint
    pin = "sha256:" + "a" * 64
    toml.write_text(toml.read_text() + f'\n[data.fingerprints]\nrows = "{pin}"\n')
    with pytest.raises(BadInputError) as error:
        load(find_task(str(toml)), "evaluation")
    assert pin in str(error.value)
    assert found in str(error.value)
    toml.write_text(toml.read_text().replace(pin, found))
    assert len(load(find_task(str(toml)), "evaluation")) == 4


def test_a_part_keeps_rows_and_everything_about_them_together() -> None:
    examples = load(find_task("demo/digits"), "evaluation")
    order = generator("part").permutation(len(examples))[:50].tolist()
    part = examples.take(order)
    assert part.example_ids == tuple(examples.example_ids[i] for i in order)
    assert part.labels.tolist() == examples.labels[order].tolist()
    assert all(part.inputs[k] is examples.inputs[i] for k, i in enumerate(order))


def test_ids_sort_as_people_count() -> None:
    assert sorted(["10", "9", "1-10-0", "1-2-0", "b", "a"], key=id_order) == ["1-2-0", "1-10-0", "9", "10", "a", "b"]


def test_training_and_evaluation_rows_of_the_demo_tasks_are_distinct() -> None:
    for name in ("demo/grammar", "demo/digits"):
        train, evaluation = (load(all_tasks()[name], role) for role in ("train", "evaluation"))  # type: ignore[arg-type]
        assert not set(train.example_ids) & set(evaluation.example_ids)


def test_minimal_pairs_name_each_other(tmp_path: Path) -> None:
    grammar = load(find_task("demo/grammar"), "evaluation", None)
    assert grammar.twins is not None
    assert grammar.clusters is not None
    row_of = {example_id: row for row, example_id in enumerate(grammar.example_ids)}
    for row, twin in enumerate(grammar.twins):
        assert twin is not None
        assert grammar.labels[row_of[twin]] != grammar.labels[row]
        assert grammar.clusters[row_of[twin]] == grammar.clusters[row]
    few = grammar.take([3, 1])
    assert few.twins == (grammar.twins[3], grammar.twins[1])
    task = tmp_path / "mine.toml"
    task.write_text(
        'name = "mine"\ntitle = "Mine"\nsummary = "Mine."\nmodality = "text"\n'
        'labels = ["no", "yes"]\nheadline = "mcc"\nlicence = "mine"\ncitation = "none"\n'
        '[data]\nsource = "files"\nevaluation = "dev.csv"\n'
        '[data.columns]\nid = ["id"]\ntext = ["text"]\npairs = "other"\n'
    )
    for rows, said in (
        ("1,a,no,2\n2,b,yes,1\n3,c,no,\n", None),
        ("1,a,no,2\n2,b,yes,3\n3,c,no,2\n", "'1' names '2', which names '3'"),
        ("1,a,no,9\n2,b,yes,\n", "'1' names '9', which is no example of the split"),
        ("1,a,no,1\n", "'1' names '1'"),
    ):
        (tmp_path / "dev.csv").write_text("id,text,label,other\n" + rows)
        if said is None:
            assert load(find_task(str(task)), "evaluation", None).twins == ("2", "1", None)
        else:
            with pytest.raises(BadInputError, match=said):
                load(find_task(str(task)), "evaluation", None)
