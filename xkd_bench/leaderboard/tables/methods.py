"""Methods over their seeds: a row a method, with what another training of it would change in every interval.

A row of the track's table is one checkpoint. Where a method was trained with several seeds (entries called `NAME`,
`NAME-seed1`, …), this table says what of the differences between checkpoints are differences between methods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from xkd_bench.leaderboard import cells
from xkd_bench.leaderboard.cells import Cell
from xkd_bench.leaderboard.plots.axes import Estimate
from xkd_bench.leaderboard.ranks import PairedDraws, Place, can_be_compared, can_be_ranked, size_class
from xkd_bench.metrics.contract import FloatArray
from xkd_bench.records.schema import TaskResult
from xkd_bench.records.submission import without_seed
from xkd_bench.statistics.ranks import rank_sets_of_methods
from xkd_bench.statistics.seeds import seeds_mean

FEWEST_SEEDS = 2


@dataclass(frozen=True)
class Trained:
    """One checkpoint: entry, what was measured of it, and the draws it is compared by."""

    entry: str
    result: TaskResult
    draws: PairedDraws


@dataclass(frozen=True)
class MethodRow:
    """A method on a track. entries: of its seeds, by seed. seeds: in words. cells: one a score. estimates: of scores
    that have a value, by name."""

    name: str
    entries: tuple[str, ...]
    seeds: Cell
    cells: tuple[Cell, ...]
    estimates: Mapping[str, Estimate]


def method_rows(
    trained: Sequence[Trained], scores: Sequence[str], lower_is_better: frozenset[str], *, ranked: bool
) -> list[MethodRow]:
    """A row for each method of a track, best mean of the first score first. scores: names, as in records.

    A value is the mean over the seeds, its interval over seeds × examples; places are among methods of one class of
    sizes with two seeds at least. A method with one seed has that checkpoint's value and interval, and no place.
    """
    groups = _groups(trained)
    places: Mapping[tuple[str, str], Place] = _places(groups, scores, lower_is_better) if ranked else {}
    rows = []
    for name, members in groups.items():
        made = {score: _cell(name, members, score) for score in scores}
        found = tuple(cells.with_place(cell, places.get((name, score))) for score, (cell, _) in made.items())
        estimates = {score: estimate for score, (_, estimate) in made.items() if estimate is not None}
        count = Cell(str(len(members)), sort=str(len(members)))
        rows.append(MethodRow(name, tuple(one.entry for one in members), count, found, estimates))
    sign = 1.0 if scores and scores[0] in lower_is_better else -1.0

    def first(row: MethodRow) -> tuple[float, str]:
        sort = row.cells[0].sort if row.cells else ""
        return (sign * float(sort) if sort else inf), row.name

    return sorted(rows, key=first)


def has_seeds(trained: Sequence[Trained]) -> bool:
    """Whether any method has several seeds."""
    return any(len(members) >= FEWEST_SEEDS for members in _groups(trained).values())


def _groups(trained: Sequence[Trained]) -> dict[str, list[Trained]]:
    """Entry without its seed → its checkpoints, by seed."""
    found: dict[str, list[Trained]] = {}
    for one in trained:
        found.setdefault(without_seed(one.entry), []).append(one)
    return {name: sorted(members, key=_seed) for name, members in found.items()}


def _seed(one: Trained) -> tuple[int, str]:
    return (one.result.lineage.seed if one.result.lineage else -1), one.entry


def _stacked(members: Sequence[Trained], score: str) -> FloatArray | None:
    """(k, 1 + r) of all seeds; None where one of them has no value that could be compared, or there is but one."""
    if len(members) < FEWEST_SEEDS or not all(can_be_compared(one.result, one.draws, score) for one in members):
        return None
    return np.stack([one.draws[score] for one in members]).astype(np.float64)


def _cell(name: str, members: Sequence[Trained], score: str) -> tuple[Cell, Estimate | None]:
    if len(members) < FEWEST_SEEDS:
        record = members[0].result.scores.get(score)
        cell, words = cells.score_cell(record), "one seed: the interval is over examples alone"
        if record is None or record.value is None:
            return cell, None
        told = "; ".join(part for part in (cell.tooltip, words) if part)
        return replace(cell, tooltip=told), (record.value, record.low, record.high)
    stacked = _stacked(members, score)
    if stacked is None:
        return Cell(text="–", note="not of every seed", status="undefined"), None
    n = _examples(members, score)
    kept = stacked[:, np.isfinite(stacked).all(axis=0)]
    found = seeds_mean(kept, n, ("methods", name, score))
    values = ", ".join(cells.number(value) for value in stacked[:, 0])
    cell = Cell(
        text=cells.number(found.value),
        small=cells.interval(found.low, found.high),
        tooltip=f"{len(members)} seeds: {values}; n = {n:,}",
        sort=cells.sort_key(found.value),
    )
    return cell, (found.value, found.low, found.high)


def _examples(members: Sequence[Trained], score: str) -> int:
    """How many examples the score of every seed rests on."""
    return min(one.result.scores[score].n for one in members)


def _places(
    groups: Mapping[str, Sequence[Trained]], scores: Sequence[str], lower_is_better: frozenset[str]
) -> dict[tuple[str, str], Place]:
    """(method, score) → place, among methods of one class of sizes."""
    found: dict[tuple[str, str], Place] = {}
    classes = sorted({size_class(members[0].result.student.parameters) for members in groups.values()})
    for score in scores:
        sign = -1.0 if score in lower_is_better else 1.0
        for size in classes:
            inside = {
                name: stacked * sign
                for name, members in groups.items()
                if size_class(members[0].result.student.parameters) == size
                and all(can_be_ranked(one.result, one.draws, score) for one in members)
                and (stacked := _stacked(members, score)) is not None
            }
            if not inside:
                continue
            whole = np.isfinite(np.concatenate(list(inside.values()))).all(axis=0)
            n = {name: _examples(groups[name], score) for name in inside}
            kept = {name: stacked[:, whole] for name, stacked in inside.items()}
            sets = rank_sets_of_methods(kept, n, ("places", score))
            for name, (first, last) in zip(inside, sets.tolist(), strict=True):
                found[name, score] = Place(first, last, len(inside))
    return found
