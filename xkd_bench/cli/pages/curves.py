"""The curves of a record as one standalone HTML page: of the student, of the teacher, and of what is transferred."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xkd_bench.cli.pages import standalone
from xkd_bench.leaderboard.cells import blocks, millions
from xkd_bench.leaderboard.plots.curves import CurvesPlot
from xkd_bench.leaderboard.tables.curves import MEASURES, SETTINGS, curves_plot, units
from xkd_bench.records.masking_table import MASKED, Measure
from xkd_bench.records.masking_table import SETTINGS as ALL
from xkd_bench.records.schema import ModelRecord, TaskResult


@dataclass(frozen=True)
class Section:
    """One setting. model: the one whose input is masked; picture: None where no curve has a value."""

    title: str
    model: str
    picture: CurvesPlot | None


@dataclass(frozen=True)
class Page:
    """left: the measure, in words; masked: words or patches."""

    title: str
    name: str
    left: str
    masked: str
    protocol: str
    sections: tuple[Section, ...]


def write_page(name: str, result: TaskResult, measure: Measure, path: Path) -> None:
    """Write the page of an entry called `name`, whole or not at all."""
    standalone.write(path, render(name, result, measure), "the record is untouched")


def render(name: str, result: TaskResult, measure: Measure) -> str:
    """The page as text."""
    return standalone.render("curves.html.j2", page=page_of(name, result, measure))


def page_of(name: str, result: TaskResult, measure: Measure) -> Page:
    models = {"student": result.student, "teacher": result.teacher}
    found = result.faithfulness.found if result.faithfulness else {}
    return Page(
        title=result.task.title,
        name=name,
        left=MEASURES[measure],
        masked=units(result),
        protocol=f"{result.protocol.name} (version {result.protocol.version})",
        sections=tuple(
            Section(
                SETTINGS[setting].capitalize(),
                _model(models[MASKED[setting]]),
                curves_plot(name, result, setting, measure),
            )
            for setting in ALL
            if setting in found
        ),
    )


def _model(model: ModelRecord | None) -> str:
    if model is None:
        return ""
    parts = (model.architecture, blocks(model), f"{millions(model.parameters)} parameters", model.hash[7:15])
    return ", ".join(part for part in parts if part)
