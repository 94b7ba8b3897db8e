"""Everything the templates get: sections by task, views over tasks, entries and the meaning of columns and marks."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from xkd_bench.explainers import registry as explainers
from xkd_bench.leaderboard.alignment import HEADLINE, WITHOUT_EXPLAINER
from xkd_bench.leaderboard.cells import REASONS, Cell, score_cell
from xkd_bench.leaderboard.columns import Column, agreement_axis, column_of
from xkd_bench.leaderboard.facts import TaskFacts, facts_of_record
from xkd_bench.leaderboard.suite_view import ViewTable, view_table
from xkd_bench.leaderboard.tables import Measured, Row, Table, in_headline_order, table_of, tracks_of
from xkd_bench.metrics.contract import MetricCard
from xkd_bench.metrics.reading_order import in_reading_order
from xkd_bench.records.audits import Badge
from xkd_bench.records.schema import SubmissionRecord
from xkd_bench.records.submission import Submission
from xkd_bench.tasks.views import ViewCard

ROWS_ON_ONE_PAGE = 30  # up to so many, the first page holds all of the board: a row takes some 43 kB with its curves
ROWS_A_PAGE = 60  # of a track: without curves, which stand on the entries' pages, a row takes some 15 kB
BEST_ROWS = 10
EXPLAINERS_SUMMARISED = 3


@dataclass
class Anchors:
    """Hands out ids: letters, digits and dashes only, each one once, the same ones for the same page."""

    taken: set[str] = field(default_factory=set)

    def new(self, *parts: str) -> str:
        plain = "-".join(re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-")[:80] for part in parts)
        found, count = plain, 1
        while found in self.taken:
            count += 1
            found = f"{plain}-{count}"
        self.taken.add(found)
        return found


@dataclass(frozen=True)
class Summary:
    """The best rows of a track, for a board that is too long for one page. titles: of the cells."""

    anchor: str
    table: Table
    titles: tuple[str, ...]
    rows: tuple[tuple[Row, tuple[Cell, ...]], ...]
    more: int


@dataclass(frozen=True)
class Section:
    """One task. tables: its tracks, the first rows of each; pages: (path, tables) of a board that is too long for one
    page, `ROWS_A_PAGE` rows of each track on each; summaries: what the first page shows of it then."""

    anchor: str
    facts: TaskFacts
    tables: tuple[Table, ...]
    rows: int
    pages: tuple[tuple[str, tuple[Table, ...]], ...] = ()
    summaries: tuple[Summary, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One submission's own words."""

    anchor: str
    path: str
    folder: str
    card: SubmissionRecord
    links: tuple[tuple[str, str], ...]
    tasks: tuple[str, ...]


@dataclass(frozen=True)
class Meaning:
    """What a column means: its metric's card, with the direction in words."""

    column: Column
    formula: str
    citation: str


@dataclass(frozen=True)
class Page:
    views: tuple[ViewTable, ...]
    sections: tuple[Section, ...]
    entries: tuple[Entry, ...]
    entry_paths: Mapping[str, str]
    meanings: tuple[Meaning, ...]
    reasons: Mapping[str, str]
    without_rows: tuple[str, ...]
    summarised: bool

    @property
    def choices(self) -> list[tuple[str, str, list[str]]]:
        """What rows can be filtered by: name, title and the values there are."""
        tables = [table for section in self.sections for table in section.tables]
        rows = [row for table in tables for row in (table.rows[:BEST_ROWS] if self.summarised else table.rows)]
        found = {
            "task": ("Task", [section.facts.title for section in self.sections]),
            "modality": ("Inputs", [section.facts.modality for section in self.sections]),
            "method": ("Method", sorted(row.method for row in rows)),
        }
        unique = [
            (name, title, [one for one in dict.fromkeys(values) if one]) for name, (title, values) in found.items()
        ]
        return [(name, title, values) for name, title, values in unique if len(values) > 1]

    @property
    def rows(self) -> int:
        return sum(section.rows for section in self.sections)

    @property
    def tracks(self) -> int:
        return sum(table.teacher is not None for section in self.sections for table in section.tables)


def rows_by_task(submissions: Sequence[Submission]) -> dict[str, list[Measured]]:
    found: dict[str, list[Measured]] = {}
    for submission in submissions:
        for name, entry in submission.tasks.items():
            found.setdefault(name, []).append(Measured(submission, entry))
    return found


def section_of(
    facts: TaskFacts,
    rows: Sequence[Measured],
    metrics: Mapping[str, MetricCard],
    official_teachers: Collection[str],
    badges: Mapping[tuple[str, str], Badge],
    anchors: Anchors,
    *,
    summarised: bool,
) -> Section:
    own = anchors.new("task", facts.name)
    if not summarised:
        tables = []
        for track in tracks_of(rows):
            anchor = anchors.new("track", facts.name, _short(track))
            tables.append(table_of(anchor, facts, track, metrics, official_teachers, badges))
        return Section(own, facts, tuple(tables), len(rows))
    pages: list[list[Table]] = []
    summaries = []
    for track in tracks_of(rows):
        anchor = anchors.new("track", facts.name, _short(track))
        ordered = in_headline_order(facts, track, metrics)
        for number, start in enumerate(range(0, len(ordered), ROWS_A_PAGE)):
            some = ordered[start : start + ROWS_A_PAGE]
            table = table_of(anchor, facts, some, metrics, official_teachers, badges, from_row=start, of=len(ordered))
            if number == len(pages):
                pages.append([])
            pages[number].append(table)
            if start == 0:
                summaries.append(_summary(table, some, metrics, len(ordered)))
    name = own.removeprefix("task-")
    paths = [f"boards/{name}{f'-{number + 1}' if number else ''}.html" for number in range(len(pages))]
    found = tuple((path, tuple(tables)) for path, tables in zip(paths, pages, strict=True))
    return Section(own, facts, found[0][1], len(rows), found, tuple(summaries))


def _short(track: Sequence[Measured]) -> str:
    first = track[0].result
    return "no-teacher" if first.teacher is None or first.track is None else first.track[7:15]


def _summary(table: Table, rows: Sequence[Measured], metrics: Mapping[str, MetricCard], of: int) -> Summary:
    """Headline, agreement, and alignment by the first explainers of the best rows."""
    shown = [column for column in table.columns if column.is_headline]
    axis = agreement_axis(table.columns, [row.result for row in rows])
    keys = [column.key for column in (*shown, *([axis] if axis else []))]
    titles = [column.title for column in (*shown, *([axis] if axis else []))]
    if table.alignment is not None and HEADLINE in metrics:
        held = {key for row in rows if row.result.explanations for key in row.result.explanations.explainers}
        for key in explainers.in_reading_order(held)[:EXPLAINERS_SUMMARISED]:
            keys.append(f"{HEADLINE}.{key}")
            titles.append(f"{metrics[HEADLINE].title}, {explainers.title(key)}")
    best = [
        (row, tuple(score_cell(measured.result.scores.get(key)) for key in keys))
        for row, measured in zip(table.rows, rows, strict=True)
    ]
    return Summary(table.anchor, table, tuple(titles), tuple(best[:BEST_ROWS]), max(0, of - BEST_ROWS))


def entry_of(submission: Submission, tasks: Mapping[str, TaskFacts], anchors: Anchors) -> Entry:
    links = submission.card.links
    return Entry(
        anchor=(anchor := anchors.new("entry", submission.name)),
        path=f"entries/{anchor.removeprefix('entry-')}.html",
        folder=submission.name,
        card=submission.card,
        links=tuple((label, address) for label, address in links.items() if address.startswith("https://")),
        tasks=tuple(tasks[name].title for name in submission.tasks),
    )


def meanings_of(sections: Sequence[Section], metrics: Mapping[str, MetricCard]) -> tuple[Meaning, ...]:
    """The cards of every column on the page, in reading order."""
    tables = [table for section in sections for table in section.tables]
    shown = {column.key for table in tables for column in table.columns}
    if any(table.alignment for table in tables):
        shown |= {HEADLINE, *WITHOUT_EXPLAINER}
    return tuple(
        Meaning(column_of(card, ""), card.formula, card.citation)
        for card in in_reading_order(metrics)
        if card.name in shown
    )


def page_of(
    submissions: Sequence[Submission],
    metrics: Mapping[str, MetricCard],
    registered: Mapping[str, TaskFacts],
    views: Sequence[ViewCard],
    official_teachers: Collection[str],
    badges: Mapping[tuple[str, str], Badge],
) -> Page:
    """The whole page. Ranked tasks come first, in order of name. badges: (entry, task) → what was run again."""
    anchors = Anchors()
    rows = rows_by_task(submissions)
    facts = {name: registered.get(name) or facts_of_record(measured[0].result.task) for name, measured in rows.items()}
    order = sorted(facts, key=lambda name: (not facts[name].ranked, not facts[name].registered, name))
    summarised = sum(map(len, rows.values())) > ROWS_ON_ONE_PAGE
    sections = tuple(
        section_of(facts[name], rows[name], metrics, official_teachers, badges, anchors, summarised=summarised)
        for name in order
    )
    entries = tuple(entry_of(submission, facts, anchors) for submission in submissions)
    return Page(
        views=tuple(
            view_table(anchors.new("view", card.name), card, submissions, registered, metrics)
            for card in views
            if any(task in entry.tasks for entry in submissions for member in card.members for task in member)
        ),
        sections=sections,
        entries=entries,
        entry_paths={entry.folder: entry.path for entry in entries},
        meanings=meanings_of(sections, metrics),
        reasons={reason.replace("_", " "): words for reason, words in REASONS.items()},
        without_rows=tuple(known.title for name, known in registered.items() if name not in rows),
        summarised=summarised,
    )
