"""Scores under perturbation as papers print them: a perturbation a row, a model a column, reported ones apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from xkd_bench.cli.views.console import make_console
from xkd_bench.errors import BadInputError
from xkd_bench.metrics.registry import cards
from xkd_bench.metrics.robustness_scoring import spread
from xkd_bench.perturbations.registry import title
from xkd_bench.records.schema import RobustnessRecord, TaskResult
from xkd_bench.records.submission import Submission, TaskEntry
from xkd_bench.tasks.reported import ReportedResult, reported_papers
from xkd_bench.terminal.printable import printable
from xkd_bench.terminal.tables import plain_table

PLAIN = ""  # the row of inputs as they are


@dataclass(frozen=True)
class Column:
    """One model. cells: perturbation → what is printed; reported: the paper it is from, empty for what was measured."""

    name: str
    cells: dict[str, str]
    reported: str = ""


def print_scores(
    chosen: Sequence[tuple[Submission, TaskEntry]], *, with_reported: bool = True, markdown: bool = False
) -> None:
    """One table for records of one task. Raises `BadInputError` for records of several, or without robustness."""
    found = [(submission.card.name, entry.result, _robustness(entry)) for submission, entry in chosen]
    first, robustness = found[0][1], found[0][2]
    for (_, result, other), (_, entry) in zip(found, chosen, strict=True):
        if (result.task.name, result.task.fingerprint) != (first.task.name, first.task.fingerprint):
            raise _unlike(entry, f"a record of {first.task.title} on the same rows", f"one of {result.task.title}")
        if _inputs(other) != _inputs(robustness):
            raise _unlike(entry, "records of the same perturbed inputs", "other perturbations, draws or examples")
    columns = _measured(found)
    if with_reported:
        columns += _reported(first)
    rows = [PLAIN, *robustness.perturbations]
    lines = [[title(row) if row else "as they are", *(one.cells.get(row, "–") for one in columns)] for row in rows]
    heads = [f"{one.name} (reported)" if one.reported else one.name for one in columns]
    headline = cards()[first.task.headline].title
    over = f"{robustness.draws} draws of {robustness.table.rows} examples"
    what = f"{first.task.title}: {headline}, mean ± s.d. over {over}"
    sources = []
    if any(one.reported for one in columns) and robustness.strength == "single_edit":
        sources.append("measured with one edit in each text; papers change more of it (--protocol paper)")
    sources += [f"reported: {paper}" for paper in dict.fromkeys(one.reported for one in columns) if paper]
    if markdown:
        print("\n".join([f"{what}\n", _markdown(["Perturbation", *heads], lines), *(f"\n{one}" for one in sources)]))
        return
    console = make_console()
    console.print(Text(printable(what), style="bold"))
    # Names stand in two lines, so that many models fit.
    named = [f"{printable(one.name)}\n{'reported' if one.reported else 'measured'}" for one in columns]
    table = plain_table("", *named, right=tuple(named))
    for name, *cells in lines:
        shown = (Text(cell, style="dim" if one.reported else "") for cell, one in zip(cells, columns, strict=True))
        table.add_row(name, *shown)
    console.print(table)
    for source in sources:
        console.print(Text(source, style="dim"))


def _measured(found: Sequence[tuple[str, TaskResult, RobustnessRecord]]) -> list[Column]:
    """The teachers, each once, then the students."""
    teachers = {result.teacher.hash for _, result, _ in found if result.teacher is not None}
    columns: dict[str, Column] = {}
    for name, result, robustness in found:
        if result.teacher is not None:
            key = result.teacher.hash
            label = "teacher" if len(teachers) == 1 else f"teacher {key[7:13]}"
            columns.setdefault(key, Column(label, _cells(result, robustness, "teacher")))
        columns[f"student {name} {result.student.hash}"] = Column(name, _cells(result, robustness, "student"))
    return sorted(columns.values(), key=lambda column: not column.name.startswith("teacher"))


def _cells(result: TaskResult, robustness: RobustnessRecord, role: str) -> dict[str, str]:
    prefix = "teacher." if role == "teacher" else ""
    cells = {}
    plain = robustness.plain["teacher" if role == "teacher" else "student"]
    if plain is not None:
        cells[PLAIN] = f"{plain:.3f}"
    for name, one in robustness.perturbations.items():
        draws = one.headline["teacher" if role == "teacher" else "student"]
        known = [value for value in draws if value is not None]
        score = result.scores.get(f"{prefix}perturbed_score.{name}")
        if score is None or score.value is None:
            continue
        deviation = spread(known)
        cells[name] = f"{score.value:.3f}" if deviation is None else f"{score.value:.3f} ± {deviation:.3f}"
    return cells


def _reported(result: TaskResult) -> list[Column]:
    """What papers print of the task's headline score, or of the first score they print where it is another."""
    columns = []
    for paper in reported_papers().values():
        of_task = [one for one in paper.results if one.task == result.task.name]
        if not any(one.perturbation for one in of_task):
            continue
        metrics = {one.metric for one in of_task}
        metric = result.task.headline if result.task.headline in metrics else next(iter(sorted(metrics)))
        suffix = "" if metric == result.task.headline else f", {metric}"
        for model in dict.fromkeys(one.model for one in of_task if one.metric == metric):
            mine = [one for one in of_task if one.model == model and one.metric == metric]
            cells = {one.perturbation or PLAIN: _printed(one) for one in mine}
            columns.append(Column(model + suffix, cells, paper.citation))
    return columns


def _printed(one: ReportedResult) -> str:
    return f"{one.value:.3f}{' ?' if one.doubtful or one.implausible else ''}"


def _inputs(robustness: RobustnessRecord) -> dict[str, str]:
    return {name: one.inputs for name, one in robustness.perturbations.items()}


def _robustness(entry: TaskEntry) -> RobustnessRecord:
    if entry.result.robustness is None:
        raise BadInputError(
            where=str(entry.folder / "record.json"),
            expected="a record with robustness",
            found="a record without it",
            fix="evaluate again with this version of xkd-bench, under protocol quick, standard or paper",
        )
    return entry.result.robustness


def _unlike(entry: TaskEntry, expected: str, found: str) -> BadInputError:
    return BadInputError(where=str(entry.folder), expected=expected, found=found, fix="show them one at a time")


def _markdown(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rule = ["---", *("---:" for _ in heads[1:])]
    rows = ([part.replace("|", "\\|") for part in row] for row in (heads, rule, *lines))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
