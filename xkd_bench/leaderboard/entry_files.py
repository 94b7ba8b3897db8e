"""Everything the site has of one entry: its page, its explorers, its badge; and its digests for the boards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from xkd_bench.errors import BadInputError
from xkd_bench.leaderboard.blueprint import Anchors, Blueprint
from xkd_bench.leaderboard.cache import (
    EntryDigest,
    RowDigest,
    contents_of_files,
    files_below,
    stamp_of,
    stamp_of_files,
    still_there,
)
from xkd_bench.leaderboard.digest import brief, slim
from xkd_bench.leaderboard.downloads import badge_svg, badge_words
from xkd_bench.leaderboard.examples import Shown
from xkd_bench.leaderboard.facts import TaskFacts
from xkd_bench.leaderboard.pages.entry import EntryPage, entry_page
from xkd_bench.leaderboard.pages.explorer import Explorer, explorer
from xkd_bench.leaderboard.pages.reference import path_of
from xkd_bench.leaderboard.ranks import paired_draws
from xkd_bench.leaderboard.render import page
from xkd_bench.records.audits import FOLDER, Badge, read_audit
from xkd_bench.records.findings import SubmissionError
from xkd_bench.records.submission import Submission, TaskEntry, read_submission


@dataclass(frozen=True)
class OwnPage:
    """An entry's page, with what leads away from it: paths of registered tasks, and of explorers by task."""

    page: EntryPage
    method_path: str
    task_paths: Mapping[str, str]
    badge_path: str
    badge_words: str
    explorers: Mapping[str, str]


@dataclass(frozen=True)
class Kept:
    """An entry that the site has."""

    name: str
    digest: EntryDigest

    def submission(self, root: Path) -> Submission:
        """The entry with brief records, for what speaks of all entries."""
        folder = root / self.name
        tasks = {name: TaskEntry(folder, result, None) for name, result in self.digest.tasks.items()}
        return Submission(folder, self.name, self.digest.card, tasks)


def take_over(name: str, blueprint: Blueprint) -> Kept | None:
    """The entry as the last build left it, its pages linked into the new edition; None where anything changed."""
    digest = blueprint.digests.entry(name)
    former = blueprint.edition.former
    if digest is None or blueprint.entry_paths[name] not in digest.pages or not still_there(digest, former):
        return None
    files = _files(name, blueprint)
    stamp = stamp_of_files(blueprint.submissions, files)
    if stamp != digest.stamp:
        if contents_of_files(blueprint.submissions, files) != digest.contents:
            return None
        digest = digest.model_copy(update={"stamp": stamp})
        blueprint.digests.write_entry(name, digest)
    for path in digest.pages:
        blueprint.edition.keep(path)
    return Kept(name, digest)


def make(name: str, blueprint: Blueprint) -> Kept:
    """Read the entry, write its pages and digests. Raises `SubmissionError` for one that cannot be shown."""
    try:
        return _make(name, blueprint)
    except (BadInputError, OSError):
        raise
    except Exception as error:  # an entry that nobody checked can hold readable tables that make no sense
        raise SubmissionError(
            "cannot-derive",
            where=str(blueprint.submissions / name),
            expected="an entry that passed `xkd-bench submit check`",
            found=f"{type(error).__name__}: {error}"[:300],
            fix="run `xkd-bench submit check` on it",
        ) from error


def _make(name: str, blueprint: Blueprint) -> Kept:
    root, files = blueprint.submissions, _files(name, blueprint)
    stamp, contents = stamp_of_files(root, files), contents_of_files(root, files)
    blueprint.digests.forget(name)
    submission = read_submission(root / name, name)
    found = {task: read_audit(root, name, entry) for task, entry in submission.tasks.items()}
    audits = {task: audit for task, audit in found.items() if audit is not None}
    badges: dict[str, Badge] = {task: audits[task].badge if task in audits else "recorded" for task in submission.tasks}
    facts = {task: blueprint.facts(entry.result) for task, entry in submission.tasks.items()}
    path = blueprint.entry_paths[name]
    own = _explorers(path, submission, facts, blueprint)
    picture = path.replace("entries/", "badges/").replace(".html", ".svg")
    words = badge_words(submission, facts)
    method = submission.card.method
    front = OwnPage(
        page=entry_page(path, submission, facts, blueprint.metrics, audits, {one.facts.name for one in own}),
        method_path=path_of("method", method) if method in blueprint.methods else "",
        task_paths={task: path_of("task", task) for task in submission.tasks if task in blueprint.registered},
        badge_path=picture,
        badge_words=words,
        explorers={one.facts.name: one.path for one in own},
    )
    pages = {path: page("entry.html.j2", path, own=front, entry=front.page)}
    pages |= {one.path: page("explorer.html.j2", one.path, explorer=one) for one in own}
    for one in own:
        pages |= one.pictures
    pages[picture] = badge_svg(words, min(badges.values(), key=("recorded", "audited", "reproduced").index))
    blueprint.edition.write(pages)
    for task, entry in submission.tasks.items():
        draws = paired_draws(entry)
        row = RowDigest(result=slim(entry.result, blueprint.metrics), run=entry.run, drawn=tuple(draws))
        blueprint.digests.write_row(name, task, row, draws)
    digest = EntryDigest(
        stamp=stamp,
        contents=contents,
        card=submission.card,
        tasks={task: brief(entry.result, blueprint.metrics) for task, entry in submission.tasks.items()},
        badges=badges,
        board=str(blueprint.edition.former),
        pages={one: stamp_of(blueprint.edition.fresh / one) for one in pages},
    )
    blueprint.digests.write_entry(name, digest)
    return Kept(name, digest)


def _files(name: str, blueprint: Blueprint) -> list[str]:
    """What an entry's pages are made from: its own files, and its audits; paths inside the submissions."""
    root = blueprint.submissions
    return sorted([f"{name}/submission.toml", *files_below(root, name, 2), *files_below(root, f"{FOLDER}/{name}", 1)])


def _explorers(
    path: str, submission: Submission, facts: Mapping[str, TaskFacts], blueprint: Blueprint
) -> Sequence[Explorer]:
    """One for each record whose tables are beside it."""
    found, anchors = [], Anchors()
    for name, task in submission.tasks.items():
        place = path.replace(".html", f"--{anchors.new(name)}.html")
        if not (task.folder / "explanations.parquet").is_file():
            continue
        one = explorer(place, (submission.card.name, path), facts[name], task, _shown(blueprint.data_root))
        found += [] if one is None else [one]
    return found


@cache
def _shown(data_root: Path | None) -> Shown:
    return Shown(data_root)
