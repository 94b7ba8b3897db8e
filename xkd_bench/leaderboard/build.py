"""`submissions/` → the board's folder: each entry's pages, then each task's tables, then what speaks of them all."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from filelock import FileLock

from xkd_bench.errors import BadInputError
from xkd_bench.explainers import registry as explainers
from xkd_bench.leaderboard import claim_files, entry_files, section_files
from xkd_bench.leaderboard.blueprint import Anchors, Blueprint, paths_of_entries
from xkd_bench.leaderboard.cache import Digests
from xkd_bench.leaderboard.entry_files import Kept
from xkd_bench.leaderboard.facts import facts_of_card
from xkd_bench.leaderboard.front import front_files
from xkd_bench.leaderboard.pages.board import Page, is_long, page_of
from xkd_bench.leaderboard.publish import check_replaceable, publishing
from xkd_bench.leaderboard.section_files import OfEntry, TaskRows
from xkd_bench.leaderboard.workers import Each, workers
from xkd_bench.metrics.contract import MetricCard
from xkd_bench.perturbations import registry as perturbations
from xkd_bench.records.files import disk_errors
from xkd_bench.records.reference_tables import teachers_in
from xkd_bench.records.submission import REFERENCE
from xkd_bench.tasks.registry import all_tasks


@dataclass(frozen=True)
class BuildReport:
    """What a build put on the page. rows: one student on one task; tracks: tables with a teacher; kept: entries whose
    pages were taken over from the board before."""

    page: Path
    entries: int
    tasks: int
    rows: int
    tracks: int
    kept: int


def build(
    submissions: Path,
    output: Path,
    metrics: Mapping[str, MetricCard],
    methods: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    official_teachers: Collection[str] | None = None,
    data_root: Path | None = None,
    cache: Path | None = None,
    processes: int = 1,
) -> BuildReport:
    """Build the static page of everything below `submissions` into the folder `output`.

    metrics: name → card; their order breaks ties in the order of columns. methods: the same of methods to distil.
    official_teachers: hashes of the pinned teachers, those of `submissions/reference/teachers` where not given; a track
    of any other one is an unranked view. data_root: data in the hub's layout, for a board of one's own that shows the
    examples themselves. cache: folder where entries that do not change are remembered from build to build. processes:
    at most so many at once, for long boards; a script that asks for several must guard its own start by `if __name__ ==
    "__main__"`. The same submissions give the same bytes, with or without a cache.

    Raises `BadInputError` where a submission does not follow its schema, or where `output` holds something that no
    build wrote. A build that fails leaves the board before it in place.
    """
    if not submissions.is_dir():
        raise BadInputError(
            where=str(submissions),
            expected="a folder of submissions (it may be empty)",
            found="a file" if submissions.exists() else "nothing",
            fix="give the checkout's submissions/, or make the folder",
        )
    check_replaceable(output)
    names = sorted(path.parent.relative_to(submissions).as_posix() for path in submissions.rglob("submission.toml"))
    rows = sum(1 for name in names for _ in (submissions / name).glob("*/*/record.json"))
    registered = {name: facts_of_card(task.card) for name, task in all_tasks().items()}
    teachers = frozenset(teachers_in(submissions) if official_teachers is None else official_teachers)
    depends_on = [
        [repr(card) for card in metrics.values()],
        sorted(methods or {}),
        [repr(facts) for facts in registered.values()],
        [repr(card) for part in (explainers.cards(), perturbations.cards()) for card in part.values()],
    ]
    with _remembered(cache if data_root is None else None) as folder, publishing(output.absolute()) as edition:
        digests = Digests(folder, depends_on)
        blueprint = Blueprint(
            submissions=submissions,
            edition=edition,
            digests=digests,
            metrics=metrics,
            methods=methods or {},
            official_teachers=teachers,
            data_root=data_root,
            registered=registered,
            entry_paths=paths_of_entries(names),
            summarised=is_long(rows),
        )
        with workers(processes, rows) as each:
            page, kept = _write(names, blueprint, each)
        digests.drop_others()
    return BuildReport(
        page=output / "index.html",
        entries=len(names),
        tasks=len(page.sections),
        rows=page.rows,
        tracks=page.tracks,
        kept=kept,
    )


def _write(names: Sequence[str], blueprint: Blueprint, each: Each) -> tuple[Page, int]:
    """All files of the site; the first page, and how many entries were taken over."""
    found: dict[str, Kept | None] = {name: entry_files.take_over(name, blueprint) for name in names}
    changed = [name for name, kept in found.items() if kept is None]
    found |= zip(
        changed, each(partial(entry_files.make, blueprint=blueprint), changed, "entries", "entries"), strict=True
    )
    entries = [kept for kept in found.values() if kept is not None]
    submissions = [kept.submission(blueprint.submissions) for kept in entries]
    held: dict[str, list[OfEntry]] = {}
    for kept in entries:
        digest = kept.digest
        for task in digest.tasks:
            held.setdefault(task, []).append(OfEntry(kept.name, digest.card, digest.badges[task], digest.contents))
    known = {task: blueprint.registered.get(task) for task in held}
    order = sorted(held, key=lambda task: (not ((one := known[task]) and one.ranked), known[task] is None, task))
    anchors = Anchors()
    rows = [TaskRows(task, anchors.new("task", task), tuple(held[task])) for task in order]
    sections = {one.task: section_files.take_over(one, blueprint) for one in rows}
    other = [one for one in rows if sections[one.task] is None]
    made = each(partial(section_files.make, blueprint=blueprint), other, "tables", "tasks")
    sections |= zip((one.task for one in other), made, strict=True)
    page = page_of(submissions, [one for one in sections.values() if one is not None], blueprint)
    references = {kept.name: kept.digest.contents for kept in entries if kept.name.startswith(REFERENCE)}
    claims = claim_files.make(references, blueprint)
    blueprint.edition.write(claims.files)
    blueprint.edition.write(front_files(page, claims.counts, submissions, blueprint))
    return page, len(names) - len(changed)


@contextmanager
def _remembered(cache: Path | None) -> Iterator[Path]:
    """A folder for digests: the one that is kept, which one build at a time may change, or one for this build alone."""
    if cache is not None:
        with disk_errors(cache, "the board before is untouched (--again needs no such folder)"):
            cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / "lock"):
            yield cache
    else:
        with TemporaryDirectory(prefix="xkd-bench-board-") as folder:
            yield Path(folder)
