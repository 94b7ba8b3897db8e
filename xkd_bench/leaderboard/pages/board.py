"""Everything the templates get: sections by task, views over tasks, entries and the meaning of columns and marks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from xkd_bench.leaderboard.blueprint import Anchors, Blueprint
from xkd_bench.leaderboard.cells import REASONS, Cell
from xkd_bench.leaderboard.columns import Column, column_of
from xkd_bench.leaderboard.downloads import TrackRows
from xkd_bench.leaderboard.facts import TaskFacts
from xkd_bench.leaderboard.ranks import SIZES
from xkd_bench.leaderboard.tables.alignment import HEADLINE, WITHOUT_EXPLAINER
from xkd_bench.leaderboard.tables.suite import ViewTable, view_table
from xkd_bench.leaderboard.tables.track import Measured, MethodsTable, Row, Table, Title, Track, tracks_of
from xkd_bench.metrics.contract import MetricCard
from xkd_bench.metrics.reading_order import in_reading_order
from xkd_bench.records.audits import Badge
from xkd_bench.records.schema import SubmissionRecord, TaskResult
from xkd_bench.records.submission import Submission
from xkd_bench.tasks.views import read_views

ROWS_ON_ONE_PAGE = 30  # up to so many, the first page holds all of the board: a row takes some 43 kB with its curves
ROWS_A_PAGE = 60  # of a track: without curves, which stand on the entries' pages, a row takes some 15 kB
BEST_ROWS = 20
EXPLAINERS_SUMMARISED = 3


def is_long(rows: int) -> bool:
    """Whether a board of so many rows has a summary first, and pages of its own for each task."""
    return rows > ROWS_ON_ONE_PAGE


@dataclass(frozen=True)
class Summary:
    """The best rows of a track, for a board that is too long for one page: by method, where one has several seeds, else
    by checkpoint. titles: of the cells."""

    anchor: str
    table: Table
    methods: MethodsTable | None
    titles: tuple[Title, ...]
    rows: tuple[tuple[Row, tuple[Cell, ...]], ...]
    more: int

    @property
    def shown(self) -> tuple[Row, ...]:
        return tuple(row for row, _ in (self.methods.rows if self.methods else self.rows))


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

    @property
    def shown(self) -> list[Row]:
        """The rows on the first page."""
        if self.summaries:
            return [row for summary in self.summaries for row in summary.shown]
        return [row for table in self.tables for row in table.rows]


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
    def by_method(self) -> bool:
        """Whether a row of a summary may be the mean of several seeds."""
        return any(one.methods for section in self.sections for one in section.summaries)

    @property
    def sizes(self) -> tuple[int, ...]:
        return SIZES

    @property
    def choices(self) -> list[tuple[str, str, list[str]]]:
        """What rows can be filtered by: name, title and the values there are."""
        rows = [row for section in self.sections for row in section.shown]
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


def section_of(
    facts: TaskFacts,
    anchor: str,
    rows: Sequence[Measured],
    metrics: Mapping[str, MetricCard],
    official_teachers: Collection[str],
    badges: Mapping[tuple[str, str], Badge],
    *,
    summarised: bool,
) -> tuple[Section, list[TrackRows]]:
    """The section of one task, and each of its tracks whole, for files of them."""
    anchors, name = Anchors(), anchor.removeprefix("task-")
    places = [
        Track(anchors.new("track", name, _short(track)), facts, track, metrics, official_teachers)
        for track in tracks_of(rows)
    ]
    files = [TrackRows(track.anchor, track.columns, track.rows) for track in places]
    if not summarised:
        tables = tuple(track.table(badges) for track in places)
        return Section(anchor, facts, tables, len(rows)), files
    pages: list[list[Table]] = []
    summaries = []
    for track in places:
        for number, start in enumerate(range(0, len(track.rows), ROWS_A_PAGE)):
            table = track.table(badges, start, start + ROWS_A_PAGE, curves=False)
            if number == len(pages):
                pages.append([])
            pages[number].append(table)
            if start == 0:
                summaries.append(_summary(table, track))
    paths = [f"boards/{name}{f'-{number + 1}' if number else ''}.html" for number in range(len(pages))]
    found = tuple((path, tuple(tables)) for path, tables in zip(paths, pages, strict=True))
    return Section(anchor, facts, found[0][1], len(rows), found, tuple(summaries)), files


def _short(track: Sequence[Measured]) -> str:
    first = track[0].result
    return "no-teacher" if first.teacher is None or first.track is None else first.track[7:15]


def _summary(table: Table, track: Track) -> Summary:
    """Headline, agreement, and alignment by the first explainers of the best methods or rows."""
    shown = track.answers
    if table.methods is not None:
        best = table.methods.part(BEST_ROWS, len(shown) + EXPLAINERS_SUMMARISED)
        more = len(track.rows) - sum(len(method.entries) for _, method in best.rows)
        return Summary(table.anchor, table, best, (), (), more)
    at = [table.columns.index(column) for column in shown]
    titles = [Title(column.title) for column in shown]
    reasons = track.explained_by[:EXPLAINERS_SUMMARISED] if table.alignment is not None else []
    titles += [track.cosine_title(key) for key in reasons]
    rows = [
        (
            row,
            (
                *(row.scores[place] for place in at),
                *(table.alignment.rows[number][: len(reasons)] if table.alignment is not None else ()),
            ),
        )
        for number, row in enumerate(table.rows[:BEST_ROWS])
    ]
    return Summary(table.anchor, table, None, tuple(titles), tuple(rows), max(0, len(track.rows) - BEST_ROWS))


def entry_of(submission: Submission, path: str, facts: Callable[[TaskResult], TaskFacts], anchors: Anchors) -> Entry:
    links = submission.card.links
    return Entry(
        anchor=anchors.new("entry", submission.name),
        path=path,
        folder=submission.name,
        card=submission.card,
        links=tuple((label, address) for label, address in links.items() if address.startswith("https://")),
        tasks=tuple(facts(entry.result).title for entry in submission.tasks.values()),
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


def page_of(submissions: Sequence[Submission], sections: Sequence[Section], blueprint: Blueprint) -> Page:
    """The first page. submissions: with brief records at least."""
    anchors = Anchors()
    registered, metrics = blueprint.registered, blueprint.metrics
    held = {task for entry in submissions for task in entry.tasks}
    return Page(
        views=tuple(
            view_table(anchors.new("view", card.name), card, submissions, registered, metrics)
            for card in read_views()
            if any(task in held for member in card.members for task in member)
        ),
        sections=tuple(sections),
        entries=tuple(
            entry_of(entry, blueprint.entry_paths[entry.name], blueprint.facts, anchors) for entry in submissions
        ),
        entry_paths=blueprint.entry_paths,
        meanings=meanings_of(sections, metrics),
        reasons={reason.replace("_", " "): words for reason, words in REASONS.items()},
        without_rows=tuple(known.title for name, known in registered.items() if name not in held),
        summarised=blueprint.summarised,
    )
