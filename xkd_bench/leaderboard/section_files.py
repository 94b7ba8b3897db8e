"""Everything the site has of one task: its tables, the pages they fill where they are long, and each track as files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from xkd_bench.leaderboard.blueprint import Blueprint
from xkd_bench.leaderboard.downloads import track_files
from xkd_bench.leaderboard.page import Section, section_of
from xkd_bench.leaderboard.render import page
from xkd_bench.leaderboard.tables import Measured
from xkd_bench.records.audits import Badge
from xkd_bench.records.schema import SubmissionRecord
from xkd_bench.records.submission import Submission, TaskEntry, read_submission, task_folder


@dataclass(frozen=True)
class TaskRows:
    """A task with the entries that have a record of it. anchor: of its section."""

    task: str
    anchor: str
    entries: Sequence[tuple[str, SubmissionRecord, Badge]]


def make(rows: TaskRows, blueprint: Blueprint) -> Section:
    """Write what is not on the first page; the section, with its best rows only where the first page is a summary."""
    measured = [_measured(name, card, rows.task, blueprint) for name, card, _ in rows.entries]
    badges = {(name, rows.task): badge for name, _, badge in rows.entries}
    section, tracks = section_of(
        blueprint.facts(measured[0].result),
        rows.anchor,
        measured,
        blueprint.metrics,
        blueprint.official_teachers,
        badges,
        summarised=blueprint.summarised,
    )
    for track in tracks:
        blueprint.edition.write(track_files(track, badges))
    paths = [path for path, _ in section.pages]
    for path, tables in section.pages:
        shown = replace(section, tables=tables)
        values = {"section": shown, "paths": paths, "own": path, "entry_paths": blueprint.entry_paths}
        blueprint.edition.write({path: page("board.html.j2", path, **values)})
    return _front(section) if section.pages else section


def _measured(name: str, card: SubmissionRecord, task: str, blueprint: Blueprint) -> Measured:
    """A row: of a long board from its digest; of a short one, which shows curves as well, from its record."""
    folder = blueprint.submissions / name
    row = blueprint.digests.row(name, task)
    draws = blueprint.digests.draws(name, task, row.drawn)
    if not blueprint.summarised:
        submission = read_submission(folder, name)
        return Measured(submission, submission.tasks[task], draws)
    return Measured(
        Submission(folder, name, card, {}), TaskEntry(folder / task_folder(task), row.result, row.run), draws
    )


def _front(section: Section) -> Section:
    """What the first page needs of a section that has pages of its own: no more rows than it summarises."""
    summaries = tuple(
        replace(one, table=replace(one.table, rows=one.table.rows[: len(one.rows)])) for one in section.summaries
    )
    return replace(
        section,
        tables=tuple(one.table for one in summaries),
        pages=tuple((path, ()) for path, _ in section.pages),
        summaries=summaries,
    )
