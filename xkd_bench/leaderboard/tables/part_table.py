"""A table of a track with a column an explainer or a perturbation, whatever stands in its cells."""

from __future__ import annotations

from dataclasses import dataclass

from xkd_bench.leaderboard.cells import Cell


@dataclass(frozen=True)
class PartColumn:
    title: str
    group: str
    tooltip: str
    ascending: bool


@dataclass(frozen=True)
class PartTable:
    """columns: explainers or perturbations, maybe others behind. rows: cells of each row of the track's table, in its
    order. facts: what it rests on, e.g. how many examples were explained."""

    columns: tuple[PartColumn, ...]
    rows: tuple[tuple[Cell, ...], ...]
    facts: str

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Titles over columns, and over how many."""
        titles = list(dict.fromkeys(column.group for column in self.columns))
        return [(title, sum(column.group == title for column in self.columns)) for title in titles]
