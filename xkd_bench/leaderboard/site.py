"""All pages of the site: the board, one for each entry, and one for each task, metric, method and explainer."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xkd_bench.explainers import registry as explainers
from xkd_bench.leaderboard.downloads import TrackRows, badge_svg, badge_words, downloads
from xkd_bench.leaderboard.entry_page import EntryPage, entry_page
from xkd_bench.leaderboard.examples import Shown
from xkd_bench.leaderboard.explorer import Explorer, explorer
from xkd_bench.leaderboard.facts import TaskFacts, facts_of_card, facts_of_record
from xkd_bench.leaderboard.page import Page, page_of, rows_by_task
from xkd_bench.leaderboard.reference_pages import (
    CardPage,
    explainer_pages,
    measured_lines,
    method_pages,
    metric_pages,
    path_of,
    printed_of,
    task_pages,
)
from xkd_bench.leaderboard.tables import in_headline_order, tracks_of
from xkd_bench.metrics.contract import MetricCard
from xkd_bench.records.audits import AuditRecord, Badge
from xkd_bench.records.submission import Submission, TaskEntry
from xkd_bench.tasks.registry import all_tasks
from xkd_bench.tasks.reported import reported_papers
from xkd_bench.tasks.views import read_views

Audits = Mapping[tuple[str, str], AuditRecord]  # (entry, task) → what was run again of its record as it is


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
class Site:
    """files: everything that is no page, path inside the site → contents."""

    board: Page
    entries: tuple[OwnPage, ...]
    explorers: tuple[Explorer, ...]
    cards: tuple[CardPage, ...]
    entry_paths: Mapping[str, str]
    files: Mapping[str, bytes]


def site_of(
    submissions: Sequence[Submission],
    metrics: Mapping[str, MetricCard],
    methods: Mapping[str, Mapping[str, Any]],
    official_teachers: Collection[str],
    audits: Audits,
    shown: Shown,
) -> Site:
    """methods: name → card of a method, as `distillers.registry.cards` gives them."""
    tasks = {name: task.card for name, task in all_tasks().items()}
    registered = {name: facts_of_card(card) for name, card in tasks.items()}
    badges: dict[tuple[str, str], Badge] = {
        (one.name, task): audits[one.name, task].badge if (one.name, task) in audits else "recorded"
        for one in submissions
        for task in one.tasks
    }
    board = page_of(submissions, metrics, registered, read_views(), official_teachers, badges)
    facts = {**registered}
    for one in submissions:
        for name, entry in one.tasks.items():
            facts.setdefault(name, facts_of_record(entry.result.task))
    rows = rows_by_task(submissions)
    tracks = [
        TrackRows(table, in_headline_order(section.facts, track, metrics))
        for section in board.sections
        for table, track in zip(section.tables, tracks_of(rows[section.facts.name]), strict=True)
    ]
    files = downloads(submissions, tracks, badges)
    entries, explorers_found = [], []
    for one in submissions:
        path = board.entry_paths[one.name]
        words = badge_words(one, facts)
        picture = path.replace("entries/", "badges/").replace(".html", ".svg")
        weakest: Badge = min((badges[one.name, task] for task in one.tasks), key=_strength)
        files[picture] = badge_svg(words, weakest)
        own = [
            found
            for name, task in one.tasks.items()
            if (found := _explorer(path, one, facts[name], task, shown)) is not None
        ]
        explorers_found += own
        own_audits = {task: audits[one.name, task] for task in one.tasks if (one.name, task) in audits}
        method = one.card.method
        entries.append(
            OwnPage(
                page=entry_page(path, one, facts, metrics, own_audits),
                method_path=path_of("method", method) if method in methods else "",
                task_paths={name: path_of("task", name) for name in one.tasks if name in tasks},
                badge_path=picture,
                badge_words=words,
                explorers={found.facts.name: found.path for found in own},
            )
        )
    return Site(
        board=board,
        entries=tuple(entries),
        explorers=tuple(explorers_found),
        cards=_cards(submissions, facts, metrics, methods, registered),
        entry_paths=board.entry_paths,
        files=files,
    )


def _explorer(path: str, submission: Submission, facts: TaskFacts, task: TaskEntry, shown: Shown) -> Explorer | None:
    """None, too, for a record whose tables are not beside it."""
    if not (task.folder / "explanations.parquet").is_file():
        return None
    place = path.replace(".html", f"--{re.sub(r'[^a-z0-9]+', '-', facts.name.lower())}.html")
    return explorer(place, (submission.card.name, path), facts, task, shown.words(task.result.task))


def _strength(badge: Badge) -> int:
    return ("recorded", "audited", "reproduced").index(badge)


def _cards(
    submissions: Sequence[Submission],
    facts: Mapping[str, TaskFacts],
    metrics: Mapping[str, MetricCard],
    methods: Mapping[str, Mapping[str, Any]],
    registered: Mapping[str, TaskFacts],
) -> tuple[CardPage, ...]:
    printed = printed_of(reported_papers(), {name: known.title for name, known in registered.items()})
    measured = measured_lines(submissions, facts, metrics)
    return (
        *task_pages({name: task.card for name, task in all_tasks().items()}, measured, printed),
        *metric_pages(metrics, printed),
        *method_pages(methods, submissions, measured, printed),
        *explainer_pages(explainers.cards()),
    )
