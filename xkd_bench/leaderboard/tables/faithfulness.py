"""Whether explanations name what models depend on: a table a track, an explainer a column, and each entry's curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from xkd_bench.explainers.registry import in_reading_order, title
from xkd_bench.leaderboard import cells
from xkd_bench.leaderboard.cells import Cell
from xkd_bench.leaderboard.plots.curves import CurvesPlot
from xkd_bench.leaderboard.tables.curves import DROP, KEPT, curves_plot
from xkd_bench.leaderboard.tables.part_table import PartColumn, PartTable
from xkd_bench.metrics.contract import MetricCard
from xkd_bench.records.schema import ScoreRecord, TaskResult


@dataclass(frozen=True)
class FaithfulnessTable(PartTable):
    """curves: (entry, its picture), of the entries that have one."""

    curves: tuple[tuple[str, CurvesPlot], ...]


def faithfulness_table(
    named: Sequence[tuple[str, TaskResult]], metrics: Mapping[str, MetricCard], *, curves: bool
) -> FaithfulnessTable | None:
    """The drop by each student's own explanations, with the transfer ratio below; None where no record has any. named:
    (entry, its result), in order. curves: whether to draw them."""
    results = [result for _, result in named]
    found = [result.faithfulness for result in results if result.faithfulness is not None]
    card = metrics.get(DROP)
    if not found or card is None:
        return None
    keys = in_reading_order({key for one in found for key in one.found["student"]})
    group = f"{card.title}: the student's own explanations, and how much of it the teacher's reach on the student"
    pictures = [(name, curves_plot(name, result)) for name, result in named if curves]
    return FaithfulnessTable(
        columns=tuple(PartColumn(title(key), group, card.summary, ascending=False) for key in keys),
        rows=tuple(tuple(_cell(result, key) for key in keys) for result in results),
        facts=f"{max(one.table.rows for one in found)} examples explained",
        curves=tuple((name, picture) for name, picture in pictures if picture is not None),
    )


def _cell(result: TaskResult, key: str) -> Cell:
    cell = cells.score_cell(result.scores.get(f"{DROP}.{key}"))
    ratio = result.faithfulness.transfer_ratios.get(key) if result.faithfulness else None
    if ratio is None:
        return cell
    small = "transfer undefined" if ratio.value is None else f"{ratio.value:.0%} transferred".replace("-", cells.MINUS)
    words = [
        f"kept, least first {_value(result.scores.get(f'{KEPT}.{key}'))}",
        f"the teacher's drop on itself {_value(result.scores.get(f'teacher.{DROP}.{key}'))}",
        f"the teacher's explanation on the student {_value(result.scores.get(f'transfer.{DROP}.{key}'))}",
    ]
    if ratio.reason is not None:
        words.append(f"no transfer ratio: {cells.REASONS[ratio.reason]}")
    elif ratio.low is not None:
        words.append(f"transfer ratio {cells.interval(ratio.low, ratio.high)}")
    return replace(
        cell,
        small="\n".join(part for part in (cell.small, small) if part),
        tooltip="; ".join(part for part in (cell.tooltip, *words) if part),
    )


def _value(score: ScoreRecord | None) -> str:
    return "unknown" if score is None or score.value is None else cells.number(score.value)
