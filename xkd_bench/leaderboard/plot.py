"""The picture of a track: headline score against agreement with the teacher, as the geometry of an SVG.

Shapes only; `templates/plot.svg.j2` draws them, and escapes the names. Identity is carried by labels, validity by a
filled or a hollow mark, never by colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from xkd_bench.leaderboard.cells import interval, number

Estimate = tuple[float, float | None, float | None]  # value, low, high
Box = tuple[float, float, float, float]  # left, top, right, bottom

WIDTH, HEIGHT = 680.0, 400.0
LEFT, RIGHT, TOP, BOTTOM = 66.0, 18.0, 18.0, 52.0
LETTER, LINE = 6.6, 13.0  # size of a letter of a label, generously
LONGEST = 26


@dataclass(frozen=True)
class Point:
    name: str
    across: Estimate
    up: Estimate
    weak: bool


@dataclass(frozen=True)
class Mark:
    """A drawn point: its centre, the ends of its whiskers, and its label (empty where there was no room)."""

    x: str
    y: str
    x_low: str
    x_high: str
    y_low: str
    y_high: str
    weak: bool
    tooltip: str
    label: str
    label_x: str
    label_y: str
    label_anchor: str


@dataclass(frozen=True)
class Tick:
    at: str
    label: str


@dataclass(frozen=True)
class Plot:
    title: str
    description: str
    across_title: str
    up_title: str
    across_ticks: tuple[Tick, ...]
    up_ticks: tuple[Tick, ...]
    marks: tuple[Mark, ...]
    teacher_at: str
    teacher_label: str
    unlabelled: int


@dataclass(frozen=True)
class Scale:
    """A straight axis from data [low, high] to pixels [start, end]."""

    low: float
    high: float
    start: float
    end: float
    step: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> tuple[Tick, ...]:
        decimals = max(0, -floor(log10(self.step) + 1e-9))
        count = round((self.high - self.low) / self.step)
        values = [round(self.low + index * self.step, decimals) for index in range(count + 1)]
        return tuple(
            Tick(pixel(self(value)), f"{value:.{decimals}f}".replace("-", "−")) for value in values
        )


def pixel(value: float) -> str:
    """A coordinate with one decimal, without a negative zero: the same bytes everywhere."""
    return f"{value + 0.0:.1f}".replace("-0.0", "0.0")


def step_for(span: float) -> float:
    """The round step (1, 2 or 5 times a power of ten) that cuts `span` into at most six parts."""
    power = 10.0 ** floor(log10(span / 6))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor * 6 >= span * (1 - 1e-9))


def scale_for(values: Sequence[float], start: float, end: float) -> Scale:
    """Round ends around `values`, at least 0.1 apart."""
    low, high = min(values), max(values)
    if high - low < 0.1:
        middle = (low + high) / 2
        low, high = middle - 0.05, middle + 0.05
    step = step_for(high - low)
    return Scale(floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step, start, end, step)


def ends(estimate: Estimate) -> tuple[float, float]:
    """Ends of the whisker; a point without an interval has none."""
    value, low, high = estimate
    return (value, value) if low is None or high is None else (low, high)


def overlaps(box: Box, others: Sequence[Box]) -> bool:
    return any(
        box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in others
    )


def place_label(text: str, x: float, y: float, taken: Sequence[Box]) -> tuple[float, float, str, Box] | None:
    """The first place around (x, y) where a label covers no mark and no other label; None where there is none."""
    width = len(text) * LETTER
    for shift in (-8, 16, -22, 30, -36, 44):
        for side, left in (("start", x + 8), ("end", x - 8 - width)):
            top = y + shift - LINE + 3
            box = (left, top, left + width, top + LINE)
            inside = box[0] >= LEFT and box[2] <= WIDTH - 2 and top >= 2 and box[3] <= HEIGHT - BOTTOM
            if inside and not overlaps(box, taken):
                return (x + 8 if side == "start" else x - 8), y + shift, side, box
    return None


def sentence(point: Point, across: str, up: str) -> str:
    """A point in words, for tooltips and readers without the picture."""
    parts = [
        f"{title} {number(value)} {interval(low, high)}".strip()
        for title, (value, low, high) in ((up, point.up), (across, point.across))
    ]
    return f"{point.name}{' (weak)' if point.weak else ''}: {', '.join(parts)}"


def marks_of(points: Sequence[Point], across: Scale, up: Scale, titles: tuple[str, str]) -> tuple[Mark, ...]:
    centres = [(across(point.across[0]), up(point.up[0])) for point in points]
    taken: list[Box] = [(x - 6, y - 6, x + 6, y + 6) for x, y in centres]
    marks = []
    for point, (x, y) in zip(points, centres, strict=True):
        text = point.name if len(point.name) <= LONGEST else f"{point.name[: LONGEST - 1]}…"
        spot = place_label(text, x, y, taken)
        if spot is not None:
            taken.append(spot[3])
        label_x, label_y, side = spot[:3] if spot is not None else (0.0, 0.0, "start")
        low, high = ends(point.across), ends(point.up)
        marks.append(
            Mark(
                x=pixel(x),
                y=pixel(y),
                x_low=pixel(across(low[0])),
                x_high=pixel(across(low[1])),
                y_low=pixel(up(high[0])),
                y_high=pixel(up(high[1])),
                weak=point.weak,
                tooltip=sentence(point, *titles),
                label=text if spot is not None else "",
                label_x=pixel(label_x),
                label_y=pixel(label_y),
                label_anchor=side,
            )
        )
    return tuple(marks)


def draw(
    task_title: str,
    points: Sequence[Point],
    *,
    across: tuple[str, tuple[float | None, float | None]],
    up: tuple[str, tuple[float | None, float | None]],
    teacher: float | None,
) -> Plot | None:
    """The picture of `points`; `across` and `up` are an axis' title. None where there is nothing to draw."""
    if not points:
        return None
    across_scale = scale_for([end for point in points for end in ends(point.across)], LEFT, WIDTH - RIGHT)
    heights = [end for point in points for end in ends(point.up)] + ([teacher] if teacher is not None else [])
    up_scale = scale_for(heights, HEIGHT - BOTTOM, TOP)
    marks = marks_of(points, across_scale, up_scale, (across[0], up[0]))
    told = "; ".join(sentence(point, across[0], up[0]) for point in points)
    return Plot(
        title=f"{task_title}: {up[0]} against {across[0]}",
        description=f"{told}." + ("" if teacher is None else f" Teacher: {up[0]} {number(teacher)}."),
        across_title=across[0],
        up_title=up[0],
        across_ticks=across_scale.ticks(),
        up_ticks=up_scale.ticks(),
        marks=marks,
        teacher_at="" if teacher is None else pixel(up_scale(teacher)),
        teacher_label="" if teacher is None else f"teacher {number(teacher)}",
        unlabelled=sum(not mark.label for mark in marks),
    )
