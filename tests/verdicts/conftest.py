"""Entries to hold against each other: committed ones, and copies of one with other answers."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xkd_bench.engine.explanation_record import score_records
from xkd_bench.engine.judge import judge
from xkd_bench.metrics import registry
from xkd_bench.metrics.tables import LabelTable, PredictionTable
from xkd_bench.records.examples_table import ExamplesTable, read_examples, write_examples
from xkd_bench.records.submission import file_hash
from xkd_bench.verdicts.entries import Entry, read_entries
from xkd_bench.verdicts.measured import MeasuredEntry

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "submissions" / "reference"
TASK = "glue/sst2"


def entry(name: str) -> Entry:
    return read_entries(REFERENCE / name, "sst2")[TASK]


@pytest.fixture(scope="session")
def vanilla_kd() -> MeasuredEntry:
    return MeasuredEntry(entry("vanilla_kd"))


@pytest.fixture(scope="session")
def attn_last() -> MeasuredEntry:
    return MeasuredEntry(entry("attn_last"))


Variant = Callable[..., Path]


@pytest.fixture
def variant(tmp_path: Path) -> Variant:
    """Write a copy of `vanilla_kd` on SST-2 with predictions alone: other rows, other answers, another record."""

    def write(
        name: str,
        rows: slice = slice(None),
        wrong: int = 0,
        seed: int | None = None,
        edit: Callable[[dict[str, Any]], None] = lambda record: None,
        student: Callable[[np.ndarray], np.ndarray] = lambda logits: logits,
    ) -> Path:
        source, folder = REFERENCE / "vanilla_kd", tmp_path / name
        target = folder / "glue" / "sst2"
        target.mkdir(parents=True)
        shutil.copy(source / "submission.toml", folder)
        (folder / "submission.toml").write_text(
            (source / "submission.toml").read_text().replace('name = "vanilla_kd"', f'name = "{name}"')
        )
        table = changed(read_examples(source / TASK / "examples.parquet", "classification", 2), rows, wrong, student)
        write_examples(target / "examples.parquet", table)
        record = json.loads((source / TASK / "record.json").read_text())
        record |= {"explanations": None, "faithfulness": None, "robustness": None, "slices": {}}
        record["examples"] |= {"rows": len(table.labels.example_ids), "sha256": file_hash(target / "examples.parquet")}
        record["task"]["rows"] = len(table.labels.example_ids)
        words = ("2026", record["task"]["fingerprint"])
        if np.isfinite(table.student.logits).all():
            scores = score_records(judge(table, registry.prediction_metrics(), 100, words).scores)
            record["scores"] = {one: score.model_dump() for one, score in scores.items()}
        if seed is not None:
            record["lineage"]["seed"] = seed
            record["student"]["hash"] = f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"
        edit(record)
        (target / "record.json").write_text(json.dumps(record))
        return folder

    return write


def changed(
    table: ExamplesTable, rows: slice, wrong: int, student: Callable[[np.ndarray], np.ndarray]
) -> ExamplesTable:
    """Some rows; the first `wrong` examples get the answer the teacher does not give."""
    labels, teacher = table.labels, table.teacher
    assert teacher is not None
    ids = labels.example_ids[rows]
    logits = student(table.student.logits[rows].copy())
    against = teacher.logits[rows].argmin(axis=1)[:wrong]
    logits[:wrong] = np.eye(2)[against] * 3.0
    return ExamplesTable(
        LabelTable(labels.kind, ids, labels.labels[rows], labels.classes),
        PredictionTable(ids, logits),
        replace(teacher, example_ids=ids, logits=teacher.logits[rows]),
        {},
    )
