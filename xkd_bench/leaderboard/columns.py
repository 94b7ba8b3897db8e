"""Which scores a table shows, and in which order: headline, beside, quality, agreement, calibration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from xkd_bench.leaderboard.facts import TaskFacts
from xkd_bench.metrics.contract import Direction, MetricCard
from xkd_bench.metrics.reading_order import GROUPS, in_reading_order
from xkd_bench.records.schema import TaskResult

AGREEMENT_AXIS = ("kappa", "teacher_student_pearson")
ARROWS: dict[Direction, str] = {"higher": "↑", "lower": "↓", "none": ""}
ARROW_WORDS: dict[Direction, str] = {
    "higher": "higher is better",
    "lower": "lower is better",
    "none": "a reference, no direction",
}


@dataclass(frozen=True)
class Column:
    """One score of a table. `of_pair`: it compares student and teacher, so a teacher alone has none."""

    key: str
    title: str
    summary: str
    group: str
    direction: Direction
    is_headline: bool
    of_pair: bool

    @property
    def arrow(self) -> str:
        return ARROWS[self.direction]

    @property
    def arrow_words(self) -> str:
        return ARROW_WORDS[self.direction]

    @property
    def group_title(self) -> str:
        return GROUPS[self.group]


def column_of(card: MetricCard, headline: str) -> Column:
    return Column(
        key=card.name,
        title=card.title,
        summary=card.summary,
        group=card.group,
        direction=card.direction,
        is_headline=card.name == headline,
        of_pair=card.subject == "pair",
    )


def columns_of(
    facts: TaskFacts, results: Iterable[TaskResult], metrics: Mapping[str, MetricCard], *, with_teacher: bool
) -> tuple[Column, ...]:
    """The columns of a table over `results`: every score that one of them holds and that has a card.

    Without a teacher, scores of a pair are left out: none can have a value. Those of explanations have their own table.
    """
    held = {name for result in results for name in result.scores} | {facts.headline}
    subjects = ("model", "pair") if with_teacher else ("model",)
    order = {name: place for place, name in enumerate((facts.headline, *facts.beside))}
    cards = [card for card in in_reading_order(metrics) if card.name in held and card.subject in subjects]
    cards.sort(key=lambda card: order.get(card.name, len(order)))
    columns = [column_of(card, facts.headline) for card in cards]
    # A headline of any group opens the table; after it the groups stand together.
    groups = list(GROUPS)
    first_group = columns[0].group if columns and columns[0].is_headline else groups[0]
    return tuple(sorted(columns, key=lambda column: (column.group != first_group, groups.index(column.group))))


def unknown_scores(results: Iterable[TaskResult], metrics: Mapping[str, MetricCard]) -> tuple[str, ...]:
    """Names of scores that no metric known here explains."""
    held = {_metric_of(name) for result in results for name in result.scores}
    return tuple(sorted(held - set(metrics)))


def _metric_of(name: str) -> str:
    """The metric of a score's name: `drop_most_first` of `transfer.drop_most_first.lime`."""
    return name.removeprefix("teacher.").removeprefix("transfer.").partition(".")[0]


def agreement_axis(columns: Iterable[Column], results: Iterable[TaskResult]) -> Column | None:
    """The score of agreement that stands for all: κ, or for a regression the correlation with the teacher."""
    valued = {name for result in results for name, score in result.scores.items() if score.value is not None}
    pairs = [column for column in columns if column.group == "agreement" and column.key in valued]
    pairs.sort(key=lambda column: AGREEMENT_AXIS.index(column.key) if column.key in AGREEMENT_AXIS else 99)
    return pairs[0] if pairs else None
