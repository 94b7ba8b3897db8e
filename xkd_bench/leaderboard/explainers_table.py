"""A table of a track with a column an explainer, whatever stands in its cells."""

from __future__ import annotations

from dataclasses import dataclass

from xkd_bench.leaderboard.cells import Cell


@dataclass(frozen=True)
class ExplainersColumn:
    title: str
    group: str
    tooltip: str
    ascending: bool


@dataclass(frozen=True)
class ExplainersTable:
    """columns: explainers, maybe others behind. rows: cells of each row of the track's table, in its order. examples:
    how many were explained."""

    columns: tuple[ExplainersColumn, ...]
    rows: tuple[tuple[Cell, ...], ...]
    examples: int

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Titles over columns, and over how many."""
        titles = list(dict.fromkeys(column.group for column in self.columns))
        return [(title, sum(column.group == title for column in self.columns)) for title in titles]
