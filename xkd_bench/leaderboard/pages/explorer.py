"""An entry's explanations, example by example: do both models answer alike, and for the same reasons?

Four corners: same answer or not, same reasons or not (centred cosine of LIME, or of the first explainer the record
holds, at ½). Of each the examples that show it best. Scores only: the words stand there where they may be shown.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

from xkd_bench.explainers import registry as explainers
from xkd_bench.leaderboard.cells import number
from xkd_bench.leaderboard.examples import Pixels, Shown, Words
from xkd_bench.leaderboard.facts import TaskFacts
from xkd_bench.leaderboard.tables.distributions import Distributions, distributions
from xkd_bench.metrics.alignment.vectors import correlation
from xkd_bench.metrics.contract import FloatArray
from xkd_bench.records.examples_table import ExamplesTable, read_examples
from xkd_bench.records.explanations_table import ABSENT, ROLES, STEPS, ExplainerColumns, Steps, read_vectors
from xkd_bench.records.submission import TaskEntry

FIRST = "lime"
SAME_REASONS = 0.5
MOST_SHOWN = 12  # of each corner
SHADES = 4


@dataclass(frozen=True)
class Unit:
    """shade: class of its colour, `p1` … `p4` for, `n1` … `n4` against, `z` for nothing, `a` where it was not seen.
    row, column: of a patch."""

    text: str
    shade: str
    tooltip: str
    row: int
    column: int


@dataclass(frozen=True)
class Side:
    """One model on one example: what it answers, and what each unit did."""

    model: str
    answer: str
    units: tuple[Unit, ...]


@dataclass(frozen=True)
class Example:
    """picture: path of the image inside the site, empty where it is a text or may not be shown."""

    anchor: str
    example_id: str
    label: str
    cosine: str
    picture: str
    sides: tuple[Side, Side]


@dataclass(frozen=True)
class Corner:
    """count: of all explained examples."""

    anchor: str
    title: str
    count: int
    share: str
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Explorer:
    """grid: rows and columns of patches, None for words. shown: whether the examples themselves stand there.
    pictures: path inside the site → PNG."""

    path: str
    entry: str
    entry_path: str
    facts: TaskFacts
    explainer: str
    explained: int
    without: int
    grid: tuple[int, int] | None
    shown: bool
    distributions: Distributions | None
    corners: tuple[Corner, ...]
    pictures: Mapping[str, bytes]


def explorer(path: str, entry: tuple[str, str], facts: TaskFacts, task: TaskEntry, shown: Shown) -> Explorer | None:
    """entry: its name and the path of its page. shown: the examples, as far as they may be.

    None for a record without explanations. Raises `SubmissionError` for tables that cannot be read.
    """
    result = task.result
    if result.explanations is None:
        return None
    keys = result.explanations.explainers
    labels = result.labels
    table = read_examples(task.folder / "examples.parquet", result.task.kind, len(labels) or 1)
    if table.teacher is None or not keys:
        return None
    key = FIRST if FIRST in keys else next(iter(keys))
    ids, found = read_vectors(task.folder / "explanations.parquet", [key])
    columns = found[key]
    answers = _answers(table, labels)
    cosines = _cosines(columns)
    usable = [int(row) for row in np.flatnonzero(np.isfinite(cosines))]
    agree = np.array([len(set(answers[one][:2])) == 1 for one in ids])
    grid = result.explanations.grid
    words, pixels = shown.words(result.task), shown.pixels(result.task)
    corners, pictures = [], {}
    for anchor, title, alike, same in CORNERS:
        inside = [row for row in usable if agree[row] == alike and (cosines[row] >= SAME_REASONS) == same]
        inside.sort(key=lambda row: (-cosines[row] if same else cosines[row], ids[row]))
        chosen = []
        for place, row in enumerate(inside[:MOST_SHOWN]):
            name = f"{anchor}-{place + 1}"
            picture = ""
            if ids[row] in pixels:
                picture = path.replace(".html", f"--{name}.png")
                pictures[picture] = _png(pixels[ids[row]])
            chosen.append(_example(name, ids[row], columns, row, cosines[row], answers, words, grid, picture))
        corners.append(Corner(anchor, title, len(inside), _share(len(inside), len(usable)), tuple(chosen)))
    return Explorer(
        path=path,
        entry=entry[0],
        entry_path=entry[1],
        facts=facts,
        explainer=explainers.title(key),
        explained=len(usable),
        without=len(cosines) - len(usable),
        grid=grid,
        shown=bool(words or pixels),
        distributions=distributions(entry[0], result),
        corners=tuple(corners),
        pictures=pictures,
    )


def _share(count: int, of: int) -> str:
    if 0 < count < 0.005 * of:
        return "under 1 %"
    return f"{count / max(1, of):.0%}".replace("%", " %")


CORNERS = (
    ("same-same", "Same answer, same reasons", True, True),
    ("same-other", "Same answer, other reasons", True, False),
    ("other-same", "Other answer, same reasons", False, True),
    ("other-other", "Other answer, other reasons", False, False),
)


def _answers(table: ExamplesTable, labels: tuple[str, ...]) -> dict[str, tuple[str, str, str]]:
    """id → what the teacher says, what the student says, what is right."""
    assert table.teacher is not None
    place = {one: row for row, one in enumerate(table.teacher.example_ids)}
    found = {}
    for row, example_id in enumerate(table.student.example_ids):
        theirs, ours = table.teacher.logits[place[example_id]], table.student.logits[row]
        right = table.labels.labels[row]
        if labels:
            told = labels[int(theirs.argmax())], labels[int(ours.argmax())], labels[int(right)]
        else:
            told = number(float(theirs[0])), number(float(ours[0])), number(float(right))
        found[example_id] = told
    return found


def _cosines(columns: ExplainerColumns) -> FloatArray:
    """Centred cosine of each example over the units that both models saw; NaN where there is none."""
    found = np.full(len(columns.reasons), np.nan)
    pairs = zip(columns.vectors["teacher"].steps, columns.vectors["student"].steps, strict=True)
    for row, (theirs, ours) in enumerate(pairs):
        both = (theirs != ABSENT) & (ours != ABSENT)
        if columns.reasons[row] is None and both.sum() >= 2:
            found[row] = correlation(theirs[both].astype(np.float64), ours[both].astype(np.float64))
    return found


def _example(
    anchor: str,
    example_id: str,
    columns: ExplainerColumns,
    row: int,
    cosine: float,
    answers: Mapping[str, tuple[str, str, str]],
    words: Mapping[str, Words],
    grid: tuple[int, int] | None,
    picture: str,
) -> Example:
    theirs, ours, right = answers[example_id]
    own = words.get(example_id, ())
    teacher, student = (_units(columns.vectors[role].steps[row], own, grid) for role in ROLES)
    sides = Side("teacher", theirs, teacher), Side("student", ours, student)
    return Example(anchor, example_id, right, number(float(cosine)), picture, sides)


def _png(pixels: Pixels) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def _units(steps: Steps, words: Words, grid: tuple[int, int] | None) -> tuple[Unit, ...]:
    """Scores as shares of the example's largest, in `SHADES` steps either way."""
    found = []
    for place, step in enumerate(steps.tolist()):
        row, column = divmod(place, grid[1]) if grid else (0, place)
        if step == ABSENT:
            shade, told = "a", "not seen"
        else:
            level = round(abs(step) / STEPS * SHADES)
            shade = "z" if level == 0 else f"{'p' if step > 0 else 'n'}{level}"
            told = number(step / STEPS)
        name = f"row {row + 1}, column {column + 1}" if grid else f"word {place + 1}"
        text = words[place] if len(words) == len(steps) else ""
        found.append(Unit(text, shade, f"{name}: {told}", row, column))
    return tuple(found)
