"""A view over several tasks: the mean of headline scores, only for entries that have them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum, sqrt

from xkd_bench.errors import BadInputError
from xkd_bench.leaderboard import cells
from xkd_bench.leaderboard.cells import Cell
from xkd_bench.leaderboard.facts import TaskFacts
from xkd_bench.metrics.contract import MetricCard
from xkd_bench.records.schema import ScoreRecord
from xkd_bench.records.submission import Submission
from xkd_bench.tasks.views import ViewCard


@dataclass(frozen=True)
class ViewColumn:
    title: str
    scores: str


@dataclass(frozen=True)
class ViewRow:
    name: str
    method: str
    folder: str
    weak_on: tuple[str, ...]
    mean: Cell
    members: tuple[Cell, ...]


@dataclass(frozen=True)
class ViewTable:
    """The mean over a suite.

    missing: what the most complete entry lacks, where no entry is complete. unpinned: tasks whose rows nobody checks.
    """

    anchor: str
    title: str
    summary: str
    columns: tuple[ViewColumn, ...]
    rows: tuple[ViewRow, ...]
    missing: str
    unpinned: tuple[str, ...]


def mean_score(scores: Sequence[ScoreRecord]) -> ScoreRecord:
    """Mean of scores on different tasks, whose examples are independent, with an interval:

        low = m − √(Σ (v_i − l_i)²) / k,  high = m + √(Σ (h_i − v_i)²) / k

    m the mean of the k values v_i in [l_i, h_i]. After Zou and Donner (2008), Construction of confidence limits about
    effect measures, Statistics in Medicine 27, 1693–1702. n counts the examples of all. Every score has a value.
    """
    values = [score.value for score in scores if score.value is not None]
    value = fsum(values) / len(values)
    below = [score.value - score.low for score in scores if score.value is not None and score.low is not None]
    above = [score.high - score.value for score in scores if score.value is not None and score.high is not None]
    complete = len(below) == len(above) == len(values)
    flagged = [score for score in scores if score.status == "flagged"]
    return ScoreRecord(
        value=value,
        low=value - sqrt(fsum(gap * gap for gap in below)) / len(values) if complete else None,
        high=value + sqrt(fsum(gap * gap for gap in above)) / len(values) if complete else None,
        n=sum(score.n for score in scores),
        status="flagged" if flagged else "ok",
        reason=flagged[0].reason if flagged else None,
    )


def headline_of(entry: Submission, facts: TaskFacts) -> ScoreRecord | None:
    """The headline of a task, None where the entry has no value, or has it on other rows than the pinned ones."""
    task = entry.tasks.get(facts.name)
    if task is None or (facts.rows is not None and facts.doubt(task.result)):
        return None
    score = task.result.scores.get(facts.headline)
    return score if score is not None and score.value is not None else None


def member_scores(entry: Submission, members: Sequence[Sequence[TaskFacts]]) -> list[ScoreRecord | None]:
    """One score a member; a member of several tasks is their mean and needs them all."""
    found: list[ScoreRecord | None] = []
    for member in members:
        scores = [headline_of(entry, facts) for facts in member]
        present = [score for score in scores if score is not None]
        found.append(mean_score(present) if len(present) == len(scores) else None)
    return found


def member_title(member: Sequence[TaskFacts]) -> str:
    return " + ".join(facts.title for facts in member)


def what_is_missing(entries: Sequence[Submission], members: Sequence[Sequence[TaskFacts]], title: str) -> str:
    """One line on the entry that comes nearest."""
    total = len(members)
    lacking = {
        entry.name: [
            member_title(member)
            for member, score in zip(members, member_scores(entry, members), strict=True)
            if score is None
        ]
        for entry in entries
    }
    nearest = min(entries, key=lambda entry: (len(lacking[entry.name]), entry.name), default=None)
    if nearest is None or len(lacking[nearest.name]) == total:
        return f"No entry has a headline score on any of the {total} tasks of {title} yet."
    gone = lacking[nearest.name]
    return (
        f"No entry has all {total} tasks of {title} yet, so there is no mean to show. The most complete one, "
        f"{nearest.card.name}, has {total - len(gone)} and lacks {len(gone)}: {', '.join(gone)}."
    )


def view_row(entry: Submission, members: Sequence[Sequence[TaskFacts]], scores: Sequence[ScoreRecord]) -> ViewRow:
    tasks = [facts for member in members for facts in member]
    return ViewRow(
        name=entry.card.name,
        method=entry.card.method,
        folder=entry.name,
        weak_on=tuple(
            facts.title for facts in tasks if entry.tasks[facts.name].result.failed_gate("student") is not None
        ),
        mean=cells.score_cell(mean_score(scores)),
        members=tuple(cells.score_cell(score) for score in scores),
    )


def members_of(card: ViewCard, tasks: Mapping[str, TaskFacts]) -> list[list[TaskFacts]]:
    """The tasks a view is about. Raises `BadInputError` for one that is not registered."""
    if unknown := [name for member in card.members for name in member if name not in tasks]:
        raise BadInputError(
            where=f"view {card.name}, members",
            expected="names of registered tasks",
            found=", ".join(unknown),
            fix="mend the view's file",
        )
    return [[tasks[name] for name in member] for member in card.members]


def score_titles(member: Sequence[TaskFacts], metrics: Mapping[str, MetricCard]) -> str:
    """What a member's column holds: the titles of its tasks' headline scores."""
    names = dict.fromkeys(facts.headline for facts in member)
    return " + ".join(metrics[name].title if name in metrics else name for name in names)


def view_table(
    anchor: str,
    card: ViewCard,
    entries: Sequence[Submission],
    tasks: Mapping[str, TaskFacts],
    metrics: Mapping[str, MetricCard],
) -> ViewTable:
    """The table of one view over `entries`, the best mean first."""
    members = members_of(card, tasks)
    rows = []
    for entry in entries:
        scores = [score for score in member_scores(entry, members) if score is not None]
        if len(scores) == len(members):
            rows.append(view_row(entry, members, scores))
    rows.sort(key=lambda row: (-float(row.mean.sort), row.name, row.folder))
    return ViewTable(
        anchor=anchor,
        title=card.title,
        summary=card.summary,
        columns=tuple(ViewColumn(member_title(member), score_titles(member, metrics)) for member in members),
        rows=tuple(rows),
        missing="" if rows else what_is_missing(entries, members, card.title),
        unpinned=tuple(facts.title for member in members for facts in member if facts.rows is None),
    )
