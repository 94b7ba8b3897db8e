"""What becomes of answers to perturbed inputs: one table a track, a perturbation a column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from xkd_bench.leaderboard import cells
from xkd_bench.leaderboard.cells import Cell
from xkd_bench.leaderboard.plots import standings
from xkd_bench.leaderboard.plots.standings import Standing, StandingsPlot
from xkd_bench.leaderboard.tables.part_table import PartColumn, PartTable
from xkd_bench.metrics.contract import MetricCard
from xkd_bench.perturbations.registry import title
from xkd_bench.records.schema import PerturbationRecord, ScoreRecord, TaskResult

# What both models share, and how much one of them moves, by kind of task.
SHARED = {"classification": "flip_kappa", "regression": "change_correlation"}
MOVED = {"classification": ("flip_rate", "flips"), "regression": ("mean_change", "moves")}


@dataclass(frozen=True)
class RobustnessTable(PartTable):
    """With a picture: a perturbation a row, an entry a lane."""

    plot: StandingsPlot | None


def robustness_table(
    task_title: str, named: Sequence[tuple[str, TaskResult]], metrics: Mapping[str, MetricCard]
) -> RobustnessTable | None:
    """Whether student and teacher flip on the same inputs, with how often each does below; None without any. named:
    (entry, its result), in order."""
    results = [result for _, result in named]
    found = [result.robustness for result in results if result.robustness is not None]
    card = metrics.get(SHARED[results[0].task.kind])
    if not found or card is None:
        return None
    names = list(dict.fromkeys(name for one in found for name in one.perturbations))
    group = f"{card.title}: {card.summary[0].lower()}{card.summary[1:].rstrip('.')}"
    draws = max(one.draws for one in found)
    return RobustnessTable(
        columns=tuple(PartColumn(title(name), group, card.summary, ascending=False) for name in names),
        rows=tuple(tuple(_cell(result, name) for name in names) for result in results),
        facts=f"{max(one.table.rows for one in found)} examples, {draws} draw{'' if draws == 1 else 's'}",
        plot=standings.draw(
            f"{task_title}: {card.title} by perturbation",
            f"{card.title} with the teacher",
            [(title(name), _standings(named, f"{card.name}.{name}")) for name in names],
        ),
    )


def _standings(named: Sequence[tuple[str, TaskResult]], score: str) -> list[Standing]:
    found = []
    for name, result in named:
        told = result.scores.get(score)
        if told is None:
            continue
        found.append(
            Standing(
                entry=name,
                value=None if told.value is None else (told.value, told.low, told.high),
                reason=(told.reason or "no reason given").replace("_", " "),
                floor=None,
                ceiling=None,
                random=None,
                weak=result.failed_gate("student") is not None,
                survives=True,
            )
        )
    return found


def _cell(result: TaskResult, name: str) -> Cell:
    kind = result.task.kind
    cell = cells.score_cell(result.scores.get(f"{SHARED[kind]}.{name}"))
    one = result.robustness.perturbations.get(name) if result.robustness else None
    if one is None:
        return cell
    metric, verb = MOVED[kind]
    own, teacher = (result.scores.get(f"{prefix}{metric}.{name}") for prefix in ("", "teacher."))
    small = f"{verb} {_value(own)}" + (f", teacher {_value(teacher)}" if teacher else "")
    drop, teachers_drop = (result.scores.get(f"{prefix}score_drop.{name}") for prefix in ("", "teacher."))
    compared = f", the teacher's {_value(teachers_drop)}" if teachers_drop else ""
    words = [f"drop of the score {_value(drop)}{compared}"]
    if one.label_changing:
        words.append("the perturbation can change the true label, so the drop says little")
    words.append(_moved_by(one))
    return replace(
        cell,
        small="\n".join(part for part in (cell.small, small) if part),
        tooltip="; ".join(part for part in (cell.tooltip, *words) if part),
    )


def _moved_by(one: PerturbationRecord) -> str:
    units = {"characters": "letters", "words": "words", "pixels": "of the range a pixel"}
    moved = " and ".join(f"{cells.number(value)} {units[unit]}" for unit, value in one.distances.items())
    return f"{one.applied:.0%} of the inputs changed, by {moved or 'nothing'}"


def _value(score: ScoreRecord | None) -> str:
    return "unknown" if score is None or score.value is None else cells.number(score.value)
