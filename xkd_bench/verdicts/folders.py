"""Verdicts on folders, as the command line, the pytest plugin and a notebook name them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from xkd_bench.verdicts.compare import compare
from xkd_bench.verdicts.entries import Entry, read_entries
from xkd_bench.verdicts.gate import GateOutcome, gate
from xkd_bench.verdicts.margins import Margin, read_margins
from xkd_bench.verdicts.outcome import Outcome


def compare_folders(
    groups: Sequence[Sequence[str]],
    task: str | None = None,
    metrics: Sequence[str] = (),
    margins: Mapping[str, float] | None = None,
) -> Outcome:
    """`compare.compare` of submissions, or of tasks' folders inside them. groups: the students of one method each."""
    return compare([_entries(one, task) for one in groups], metrics, margins)


def _entries(folders: Sequence[str], task: str | None) -> list[dict[str, Entry]]:
    return [read_entries(Path(folder), task) for folder in folders]


def seeds_of(argument: str) -> list[str]:
    """`A1,A2,A3` → three folders; one that lies there under the whole name is one folder, commas or not."""
    return [argument] if Path(argument).is_dir() else argument.split(",")


def names_of(metrics: str | None) -> list[str]:
    """`kappa,centred_cosine` → both names; none for None."""
    return [name.strip() for name in metrics.split(",") if name.strip()] if metrics else []


def gate_folders(
    candidate: Path,
    baseline: Path,
    margins: str | Mapping[str, Margin] | None = None,
    task: str | None = None,
) -> GateOutcome:
    """`gate.gate` of two submissions, or tasks' folders. margins: a file, one of ours by name, or the margins."""
    chosen = read_margins(margins) if isinstance(margins, str) else margins
    return gate(read_entries(candidate, task), read_entries(baseline, task), chosen)
