"""What speaks of all entries: the first page, the pages of tasks, metrics, methods and explainers, the citations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xkd_bench.explainers import registry as explainers
from xkd_bench.leaderboard.blueprint import Blueprint
from xkd_bench.leaderboard.downloads import bibliography
from xkd_bench.leaderboard.facts import TaskFacts
from xkd_bench.leaderboard.pages.board import Page
from xkd_bench.leaderboard.pages.reference import (
    FOLDERS,
    TITLES,
    CardPage,
    explainer_pages,
    measured_lines,
    method_pages,
    metric_pages,
    printed_of,
    task_pages,
)
from xkd_bench.leaderboard.render import assets, page
from xkd_bench.records.submission import Submission
from xkd_bench.tasks.registry import all_tasks
from xkd_bench.tasks.reported import reported_papers


def front_files(
    first: Page, claims: Mapping[str, int], submissions: Sequence[Submission], blueprint: Blueprint
) -> dict[str, bytes]:
    """Path inside the site → contents. claims: verdict → how many have it. submissions: with brief records at least."""
    paths = blueprint.entry_paths
    files = {
        "index.html": page("index.html.j2", "", page=first, claims=claims, entry_paths=paths),
        "data/entries.bib": bibliography(submissions),
        **assets(),
    }
    cards = _cards(submissions, blueprint)
    files |= {card.path: page("card.html.j2", card.path, card=card, entry_paths=paths) for card in cards}
    for kind, folder in FOLDERS.items():
        items = [(card.path, card.title, card.summary) for card in cards if card.kind == kind]
        path = f"{folder}/index.html"
        files[path] = page("list.html.j2", path, title=TITLES[kind], items=items)
    return files


def _cards(submissions: Sequence[Submission], blueprint: Blueprint) -> tuple[CardPage, ...]:
    registered, metrics = blueprint.registered, blueprint.metrics
    printed = printed_of(reported_papers(), {name: known.title for name, known in registered.items()})
    measured = measured_lines(submissions, _facts(submissions, blueprint), metrics)
    return (
        *task_pages({name: task.card for name, task in all_tasks().items()}, measured, printed),
        *metric_pages(metrics, printed),
        *method_pages(blueprint.methods, submissions, measured, printed),
        *explainer_pages(explainers.cards()),
    )


def _facts(submissions: Sequence[Submission], blueprint: Blueprint) -> Mapping[str, TaskFacts]:
    return {
        name: blueprint.facts(entry.result) for submission in submissions for name, entry in submission.tasks.items()
    }
