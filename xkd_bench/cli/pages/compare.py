"""Comparisons as one standalone HTML page, with the examples that changed most."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xkd_bench.cli.pages import standalone
from xkd_bench.verdicts.changed_examples import ChangedExamples
from xkd_bench.verdicts.outcome import NotComparable, Outcome, TaskComparison
from xkd_bench.verdicts.wording import Line, changed_words, lines, remarks


@dataclass(frozen=True)
class Section:
    """One pair on one task. changed_words: what is said of the examples, empty where none are named."""

    title: str
    first: str
    second: str
    lines: tuple[Line, ...]
    remarks: tuple[str, ...]
    changed: ChangedExamples | None
    changed_words: str


@dataclass(frozen=True)
class Page:
    title: str
    protocol: str
    sections: tuple[Section, ...]
    not_comparable: tuple[NotComparable, ...]


def write_page(outcome: Outcome, path: Path) -> None:
    """Write the page, whole or not at all."""
    standalone.write(path, render(outcome), "the records are untouched")


def render(outcome: Outcome) -> str:
    """The page as text."""
    return standalone.render("compare.html.j2", page=page_of(outcome))


def page_of(outcome: Outcome) -> Page:
    return Page(
        title=", ".join(dict.fromkeys(task.title for task in outcome.compared)),
        protocol=", ".join(dict.fromkeys(task.protocol for task in outcome.compared)),
        sections=tuple(map(_section, outcome.compared)),
        not_comparable=outcome.not_comparable,
    )


def _section(task: TaskComparison) -> Section:
    return Section(
        task.title,
        task.first,
        task.second,
        tuple(lines(task)),
        tuple(remarks(task)),
        task.changed,
        changed_words(task.changed) if task.changed else "",
    )
