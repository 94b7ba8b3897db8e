"""The picture of a track: headline score against agreement with the teacher, as the geometry of an SVG.

Shapes only; `templates/plot.svg.j2` draws them, and escapes the names. Identity is carried by labels, validity by a
filled or a hollow mark, never by colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xkd_bench.leaderboard.cells import interval, number
from xkd_bench.leaderboard.plots.axes import Estimate, Scale, Tick, ends, pixel, scale_for, shortened

Box = tuple[float, float, float, float]  # left, top, right, bottom
Spot = tuple[float, float, str, Box]  # x, y, side of the text that is anchored there, and what it covers

WIDTH, HEIGHT = 680.0, 400.0
LEFT, RIGHT, TOP, BOTTOM = 66.0, 18.0, 18.0, 52.0
LETTER, LINE = 6.6, 13.0  # size of a letter of a label, generously
NEAR = 16.0
LARGEST = 1e6  # no score is this large: such a point would flatten all others, and is left to the table


@dataclass(frozen=True)
class Point:
    name: str
    across: Estimate
    up: Estimate
    weak: bool
    control: bool = False


@dataclass(frozen=True)
class Mark:
    """A drawn point: its centre, the ends of its whiskers, and its label (empty where there was no room).

    far: the label is so far from its mark that a line must lead to it.
    """

    x: str
    y: str
    x_low: str
    x_high: str
    y_low: str
    y_high: str
    weak: bool
    control: bool
    tooltip: str
    label: str
    label_x: str
    label_y: str
    label_anchor: str
    far: bool


@dataclass(frozen=True)
class Plot:
    """front: the line through the points that no other beats in both scores; empty where it is a single point."""

    title: str
    description: str
    across_title: str
    up_title: str
    across_ticks: tuple[Tick, ...]
    up_ticks: tuple[Tick, ...]
    marks: tuple[Mark, ...]
    teacher_at: str
    teacher_label: str
    front: str
    unlabelled: int


def overlaps(box: Box, others: Sequence[Box]) -> bool:
    return any(box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in others)


def place_label(text: str, x: float, y: float, taken: Sequence[Box]) -> Spot | None:
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


def lines_of(points: Sequence[Point], across: Scale, up: Scale, teacher: float | None) -> list[Box]:
    """Boxes around the whiskers and the teacher's line with its label, which labels had better not cross."""
    boxes = [] if teacher is None else [
        (LEFT, up(teacher) - 2, WIDTH, up(teacher) + 2),
        (LEFT, up(teacher) - LINE - 5, LEFT + 14 * LETTER, up(teacher)),
    ]  # fmt: skip
    for point in points:
        low, high = ends(point.across), ends(point.up)
        x, y = across(point.across[0]), up(point.up[0])
        boxes.append((across(low[0]), y - 1, across(low[1]), y + 1))
        boxes.append((x - 1, up(high[1]), x + 1, up(high[0])))
    return boxes


def mark_of(point: Point, across: Scale, up: Scale, titles: tuple[str, str], label: str, spot: Spot | None) -> Mark:
    x, y = across(point.across[0]), up(point.up[0])
    low, high = ends(point.across), ends(point.up)
    label_x, label_y, side = spot[:3] if spot is not None else (0.0, 0.0, "start")
    return Mark(
        x=pixel(x),
        y=pixel(y),
        x_low=pixel(across(low[0])),
        x_high=pixel(across(low[1])),
        y_low=pixel(up(high[0])),
        y_high=pixel(up(high[1])),
        weak=point.weak,
        control=point.control,
        tooltip=sentence(point, *titles),
        label=label if spot is not None else "",
        label_x=pixel(label_x),
        label_y=pixel(label_y),
        label_anchor=side,
        far=spot is not None and abs(label_y - y) > NEAR,
    )


def marks_of(
    points: Sequence[Point], across: Scale, up: Scale, titles: tuple[str, str], teacher: float | None
) -> tuple[Mark, ...]:
    """Every point with its label, which crosses a line only where there is no other place, and never another label."""
    lines = lines_of(points, across, up, teacher)
    taken: list[Box] = []
    for point in points:
        x, y = across(point.across[0]), up(point.up[0])
        taken.append((x - 6, y - 6, x + 6, y + 6))
    marks = []
    for point in points:
        x, y = across(point.across[0]), up(point.up[0])
        text = shortened(point.name)
        spot = place_label(text, x, y, [*taken, *lines]) or place_label(text, x, y, taken)
        if spot is not None:
            taken.append(spot[3])
        marks.append(mark_of(point, across, up, titles, text, spot))
    return tuple(marks)


def front_of(points: Sequence[Point]) -> list[Point]:
    """The points that no other is at least as good as in both scores and better in one, from left to right; weak
    students and controls neither stand there nor keep others away. More is better in both."""
    found: list[Point] = []
    for point in sorted(
        (one for one in points if not (one.weak or one.control)), key=lambda one: (-one.across[0], -one.up[0])
    ):
        if not found or point.up[0] > found[-1].up[0]:
            found.append(point)
    return found[::-1]


def steps_of(front: Sequence[Point], across: Scale, up: Scale) -> str:
    """The path along the front: what lies beyond it nobody reaches."""
    if len(front) < 2:
        return ""
    first, *others = front
    path = f"M{pixel(LEFT)} {pixel(up(first.up[0]))}H{pixel(across(first.across[0]))}"
    path += "".join(f"V{pixel(up(one.up[0]))}H{pixel(across(one.across[0]))}" for one in others)
    return f"{path}V{pixel(HEIGHT - BOTTOM)}"


def _told_of(front: Sequence[Point]) -> str:
    return f" Beaten in both by no other: {', '.join(point.name for point in front)}." if len(front) > 1 else ""


def draw(
    task_title: str,
    points: Sequence[Point],
    *,
    across: str,
    up: str,
    teacher: float | None,
) -> Plot | None:
    """The picture of `points`; `across` and `up` title the axes. None for less than two of them: a picture compares."""
    points = [point for point in points if max(map(abs, ends(point.across) + ends(point.up))) < LARGEST]
    if len(points) < 2:
        return None
    across_scale = scale_for([end for point in points for end in ends(point.across)], LEFT, WIDTH - RIGHT)
    heights = [end for point in points for end in ends(point.up)] + ([teacher] if teacher is not None else [])
    up_scale = scale_for(heights, HEIGHT - BOTTOM, TOP)
    marks = marks_of(points, across_scale, up_scale, (across, up), teacher)
    told = "; ".join(sentence(point, across, up) for point in points)
    return Plot(
        title=f"{task_title}: {up} against {across}",
        description=f"{told}."
        + _told_of(front_of(points))
        + ("" if teacher is None else f" Teacher: {up} {number(teacher)}."),
        across_title=across,
        up_title=up,
        across_ticks=across_scale.ticks(),
        up_ticks=up_scale.ticks(),
        marks=marks,
        teacher_at="" if teacher is None else pixel(up_scale(teacher)),
        front=steps_of(front_of(points), across_scale, up_scale),
        teacher_label="" if teacher is None else f"teacher {number(teacher)}",
        unlabelled=sum(not mark.label for mark in marks),
    )
