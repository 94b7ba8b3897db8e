"""A page for each task, metric, method and explainer: its card, what was measured here, what papers print."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from xkd_bench.leaderboard import cells
from xkd_bench.leaderboard.cells import Cell
from xkd_bench.leaderboard.columns import ARROW_WORDS
from xkd_bench.leaderboard.facts import TaskFacts
from xkd_bench.metrics.contract import MetricCard, Subject
from xkd_bench.metrics.reading_order import GROUPS, in_reading_order
from xkd_bench.records.submission import Submission
from xkd_bench.tasks.card import TaskCard
from xkd_bench.tasks.reported import ReportedPaper

Kind = Literal["task", "metric", "method", "explainer"]
FOLDERS: dict[Kind, str] = {"task": "tasks", "metric": "metrics", "method": "methods", "explainer": "explainers"}
TITLES: dict[Kind, str] = {"task": "Tasks", "metric": "Metrics", "method": "Methods", "explainer": "Explainers"}


SUBJECTS: dict[Subject, str] = {
    "model": "one model's answers",
    "pair": "both models' answers",
    "explanation": "both models' explanations",
    "coalitions": "both models' answers to the same maskings",
    "masking": "what is left of an answer while units are masked",
    "perturbed model": "one model's answers to perturbed inputs",
    "perturbed pair": "both models' answers to perturbed inputs",
}


@dataclass(frozen=True)
class Printed:
    """A number a paper prints. doubt: why it should be read with care, or not at all."""

    paper: str
    table: str
    task: str
    model: str
    method: str
    metric: str
    value: str
    doubt: str


@dataclass(frozen=True)
class MeasuredLine:
    """An entry's headline score, with agreement beside it where there is any."""

    entry: str
    folder: str
    task: str
    task_name: str
    headline_title: str
    headline: Cell
    agreement: Cell


@dataclass(frozen=True)
class CardPage:
    """path: inside the site. facts: term and text. tables: title → rows of (term, text)."""

    kind: Kind
    name: str
    path: str
    title: str
    summary: str
    formula: str
    citation: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    measured: tuple[MeasuredLine, ...]
    printed: tuple[Printed, ...]


def path_of(kind: Kind, name: str) -> str:
    return f"{FOLDERS[kind]}/{re.sub(r'[^a-z0-9_]+', '-', name.lower())}.html"


def printed_of(papers: Mapping[str, ReportedPaper], tasks: Mapping[str, str]) -> list[Printed]:
    """Every number the papers print, plain inputs only. tasks: name → title."""
    return [
        Printed(
            paper=paper.title,
            table=one.table,
            task=tasks.get(one.task, one.task),
            model=one.model,
            method=one.method,
            metric=one.metric,
            value=f"{one.printed:g}{' %' if one.percent else ''}",
            doubt=f"implausible: {one.implausible}" if one.implausible else one.doubtful,
        )
        for paper in papers.values()
        for one in paper.results
        if one.perturbation is None
    ]


def measured_lines(
    submissions: Sequence[Submission], facts: Mapping[str, TaskFacts], metrics: Mapping[str, MetricCard]
) -> list[MeasuredLine]:
    found = []
    for submission in submissions:
        for name, entry in submission.tasks.items():
            known, scores = facts[name], entry.result.scores
            card = metrics.get(known.headline)
            pair = scores.get("kappa")
            if pair is None or pair.value is None:
                pair = scores.get("teacher_student_pearson", pair)
            found.append(
                MeasuredLine(
                    entry=submission.card.name,
                    folder=submission.name,
                    task=known.title,
                    task_name=name,
                    headline_title=card.title if card else known.headline,
                    headline=cells.score_cell(scores.get(known.headline)),
                    agreement=cells.score_cell(pair),
                )
            )
    return found


def task_pages(
    cards: Mapping[str, TaskCard], measured: Sequence[MeasuredLine], printed: Sequence[Printed]
) -> list[CardPage]:
    pages = []
    for name, card in cards.items():
        pins = card.data.fingerprints
        facts = [
            ("asks for", f"{card.kind}, {card.modality}" + (f": {', '.join(card.labels)}" if card.labels else "")),
            ("headline", card.headline),
            ("data", card.data.hub or card.data.source),
            ("evaluated on", card.data.evaluation),
            ("official rows", pins.get(card.data.evaluation, "not pinned yet")),
            ("ranked", "yes" if card.ranked else card.ranked_note or "no"),
            ("licence", card.licence),
            ("examples may be shown", "yes" if card.redistributable else "no"),
            ("a perturbation can change the label", ", ".join(card.label_changing)),
            (
                "the house schedule",
                f"{card.training.epochs} epochs, batches of {card.training.batch_size}, "
                f"learning rate {card.training.learning_rate:g}",
            ),
        ]
        pages.append(
            CardPage(
                kind="task",
                name=name,
                path=path_of("task", name),
                title=card.title,
                summary=card.summary,
                formula="",
                citation=card.citation.strip(),
                facts=tuple((term, text) for term, text in facts if text),
                tables=(),
                measured=tuple(line for line in measured if line.task_name == name),
                printed=tuple(one for one in printed if one.task == card.title),
            )
        )
    return pages


def metric_pages(cards: Mapping[str, MetricCard], printed: Sequence[Printed]) -> list[CardPage]:
    pages = []
    for card in in_reading_order(cards):
        low, high = (("−∞", "∞")[place] if end is None else f"{end:g}" for place, end in enumerate(card.range))
        facts = [
            ("group", GROUPS[card.group]),
            ("looks at", SUBJECTS[card.subject]),
            ("direction", ARROW_WORDS[card.direction]),
            ("range", f"{low} … {high}".replace("-", cells.MINUS)),
            ("for", " and ".join(card.kinds)),
            ("where it has no value", card.undefined_as.replace("_", " ")),
        ]
        pages.append(
            CardPage(
                kind="metric",
                name=card.name,
                path=path_of("metric", card.name),
                title=card.title,
                summary=card.summary,
                formula=card.formula,
                citation=card.citation,
                facts=tuple(facts),
                tables=(),
                measured=(),
                printed=tuple(one for one in printed if one.metric.partition(".")[0] == card.name),
            )
        )
    return pages


def method_pages(
    cards: Mapping[str, Mapping[str, Any]],
    submissions: Sequence[Submission],
    measured: Sequence[MeasuredLine],
    printed: Sequence[Printed],
) -> list[CardPage]:
    methods = {submission.name: submission.card.method for submission in submissions}
    pages = []
    for name, card in sorted(cards.items()):
        presets = card.get("presets", {})
        tables = [("Settings", tuple((key, str(text)) for key, text in card.get("settings", {}).items()))]
        for preset, values in presets.items():
            shared = [(part, _pairs(values[part])) for part in ("settings", "training") if values.get(part)]
            own = [
                (task, "; ".join(_pairs(one[part]) for part in ("settings", "training") if one.get(part)))
                for task, one in values.get("tasks", {}).items()
            ]
            tables.append((f"Preset {preset}", (*shared, *own)))
        pages.append(
            CardPage(
                kind="method",
                name=name,
                path=path_of("method", name),
                title=str(card["title"]),
                summary=str(card["summary"]),
                formula=str(card.get("formula", "")),
                citation=str(card.get("citation", "")),
                facts=(("needs", "; ".join(card.get("needs", []))), ("cost of a step", str(card.get("cost", "")))),
                tables=tuple((title, rows) for title, rows in tables if rows),
                measured=tuple(line for line in measured if methods[line.folder] == name),
                printed=tuple(one for one in printed if re.split(r"[\[ ]", one.method)[0] == name),
            )
        )
    return pages


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in values.items())


def explainer_pages(cards: Mapping[str, Any]) -> list[CardPage]:
    reads = {"coalitions": "the table of maskings", "model": "the model", "nothing": "nothing: it is a control"}
    return [
        CardPage(
            kind="explainer",
            name=name,
            path=path_of("explainer", name),
            title=card.title,
            summary=card.summary,
            formula=card.formula,
            citation=card.citation,
            facts=(("asks", reads.get(card.reads, card.reads)),),
            tables=(),
            measured=(),
            printed=(),
        )
        for name, card in sorted(cards.items())
    ]
