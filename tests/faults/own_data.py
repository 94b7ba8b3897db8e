"""Small tasks over files of one's own, for the small text model, and what every refusal must look like."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

LABELS = ("unacceptable", "acceptable")
TASK = """\
schema_version = 1
name = "{name}"
title = "Mine"
summary = "Is the sentence right?"
kind = "{kind}"
modality = "text"
labels = {labels}
headline = "{headline}"
licence = "ours"
citation = "none"

[data]
source = "files"
{train}evaluation = "{evaluation}"

[data.columns]
id = ["id"]
text = ["sentence"]
label = "label"

[inputs]
max_length = 24
"""
Row = dict[str, Any]


def made_rows(count: int, words: Sequence[str], labels: Sequence[str] = LABELS) -> list[Row]:
    """Short rows of the given words: of two to nine words, with labels in turn."""
    return [
        {
            "id": f"row-{i}",
            "sentence": " ".join(words[(i * 7 + k * k) % len(words)] for k in range(2 + i % 8)),
            "label": labels[i % len(labels)],
        }
        for i in range(count)
    ]


def write_rows(path: Path, rows: Sequence[Row]) -> Path:
    """Rows as CSV, TSV, JSON lines or Parquet, as the name of the file says."""
    if path.suffix in (".csv", ".tsv"):
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter="," if path.suffix == ".csv" else "\t")
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        pq.write_table(pa.Table.from_pylist(list(rows)), path)
    return path


def write_task(
    folder: Path,
    rows: Sequence[Row],
    suffix: str = ".csv",
    train: Sequence[Row] | None = None,
    labels: Sequence[str] = LABELS,
    name: str = "mine",
) -> Path:
    """A task file beside its rows. No labels make it a regression."""
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(folder / f"rows{suffix}", rows)
    if train is not None:
        write_rows(folder / f"training{suffix}", train)
    toml = folder / "mine.toml"
    toml.write_text(
        TASK.format(
            name=name,
            kind="classification" if labels else "regression",
            labels=json.dumps(list(labels)),
            headline="accuracy" if labels else "spearman",
            train="" if train is None else f'train = "training{suffix}"\n',
            evaluation=f"rows{suffix}",
        ),
        encoding="utf-8",
    )
    return toml


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes, hidden ones too; an empty folder shows as a name that ends in /."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
        elif not any(path.iterdir()):
            found[path.relative_to(folder).as_posix() + "/"] = b""
    return found


def assert_refused(outcome: tuple[int, str, str], *words: str) -> None:
    """Exit code 2 and one message of three parts that holds all the words, and nothing of Python's own."""
    code, output, error = outcome
    assert code == 2, error or output
    for part in ("expected", "found", "to do"):
        assert error.count(f"  {part}  ") == 1, error
    assert error.startswith("xkd-bench: cannot go on\n"), error
    assert len(error.splitlines()) <= 5, error
    assert "Traceback" not in output + error
    for word in words:
        assert word in error, f"{word!r} is not in\n{error}"
