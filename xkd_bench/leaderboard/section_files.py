"""Everything the site has of one task: its tables, the pages they fill where they are long, and each track as files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from pydantic import TypeAdapter

from xkd_bench.leaderboard.blueprint import Blueprint
from xkd_bench.leaderboard.cache import SectionDigest, stamp_of, still_there
from xkd_bench.leaderboard.downloads import track_files
from xkd_bench.leaderboard.pages.board import Section, section_of
from xkd_bench.leaderboard.render import page
from xkd_bench.leaderboard.tables.track import Measured
from xkd_bench.records import canonical_json
from xkd_bench.records.audits import Badge
from xkd_bench.records.schema import SubmissionRecord
from xkd_bench.records.submission import Submission, TaskEntry, read_submission, task_folder


@dataclass(frozen=True)
class OfEntry:
    """An entry that has a record of the task. contents: hash of all its files."""

    name: str
    card: SubmissionRecord
    badge: Badge
    contents: str


@dataclass(frozen=True)
class TaskRows:
    """A task with the entries that have a record of it. anchor: of its section."""

    task: str
    anchor: str
    entries: Sequence[OfEntry]


def take_over(rows: TaskRows, blueprint: Blueprint) -> Section | None:
    """The section as the last build left it, its pages and files linked into the new edition; None where anything it
    follows from changed. Of a long board only: a short one has its sections on the first page."""
    digest = blueprint.digests.section(rows.task) if blueprint.summarised else None
    if digest is None or digest.made_from != _made_from(rows, blueprint):
        return None
    if not still_there(digest, blueprint.edition.former):
        return None
    for path in digest.pages:
        blueprint.edition.keep(path)
    return _sections().validate_python(digest.front)


def make(rows: TaskRows, blueprint: Blueprint) -> Section:
    """Write what is not on the first page; the section, with its best rows only where the first page is a summary."""
    measured = [_measured(entry, rows.task, blueprint) for entry in rows.entries]
    badges = {(entry.name, rows.task): entry.badge for entry in rows.entries}
    section, tracks = section_of(
        blueprint.facts(measured[0].result),
        rows.anchor,
        measured,
        blueprint.metrics,
        blueprint.official_teachers,
        badges,
        summarised=blueprint.summarised,
    )
    files: dict[str, bytes] = {}
    for track in tracks:
        files |= track_files(track, badges)
    paths = [path for path, _ in section.pages]
    for path, tables in section.pages:
        shown = replace(section, tables=tables)
        values = {"section": shown, "paths": paths, "own": path, "entry_paths": blueprint.entry_paths}
        files[path] = page("board.html.j2", path, **values)
    blueprint.edition.write(files)
    if not section.pages:
        return section
    front = _front(section)
    digest = SectionDigest(
        made_from=_made_from(rows, blueprint),
        front=_sections().dump_python(front, mode="json"),
        board=str(blueprint.edition.former),
        pages={path: stamp_of(blueprint.edition.fresh / path) for path in files},
    )
    blueprint.digests.write_section(rows.task, digest)
    return front


def _made_from(rows: TaskRows, blueprint: Blueprint) -> str:
    """Of what decides a long board's section, beside the code and the cards, which the folder of digests goes by."""
    entries = [(one.name, one.contents, one.badge, blueprint.entry_paths[one.name]) for one in rows.entries]
    return canonical_json.content_hash([rows.task, rows.anchor, sorted(blueprint.official_teachers), entries])


@cache
def _sections() -> TypeAdapter[Section]:
    return TypeAdapter(Section)


def _measured(entry: OfEntry, task: str, blueprint: Blueprint) -> Measured:
    """A row: of a long board from its digest; of a short one, which shows curves as well, from its record."""
    name, folder = entry.name, blueprint.submissions / entry.name
    row = blueprint.digests.row(name, task)
    draws = blueprint.digests.draws(name, task, row.drawn)
    if not blueprint.summarised:
        submission = read_submission(folder, name)
        return Measured(submission, submission.tasks[task], draws)
    whole = Submission(folder, name, entry.card, {})
    return Measured(whole, TaskEntry(folder / task_folder(task), row.result, row.run), draws)


def _front(section: Section) -> Section:
    """What the first page needs of a section that has pages of its own: no more rows than it summarises."""
    summaries = tuple(
        replace(one, table=replace(one.table, rows=one.table.rows[: len(one.rows)], methods=None))
        for one in section.summaries
    )
    return replace(
        section,
        tables=tuple(one.table for one in summaries),
        pages=tuple((path, ()) for path, _ in section.pages),
        summaries=summaries,
    )
