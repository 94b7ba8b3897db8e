"""The picture of faithfulness: what is left of an answer while more of its input is masked, a panel an explainer.

Shapes only; `templates/curves.svg.j2` draws them, and escapes the names. All panels have one frame. Which curve is
which is carried by its dashes and by the shape of its points, never by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from xkd_bench.leaderboard.cells import number
from xkd_bench.leaderboard.plots.axes import Estimate, Scale, Tick, ends, pixel, step_for, within

Order = Literal["most", "least", "random", "transfer"]

WIDTH, HEIGHT = 300.0, 206.0
LEFT, RIGHT, TOP, BOTTOM = 32.0, 8.0, 20.0, 36.0
STEP = 0.2  # a tick at each such step of what is left, which is a share: 0 … 1
WORDS: dict[Order, str] = {
    "most": "most important first",
    "least": "least important first",
    "random": "in random order",
    "transfer": "by the teacher’s explanation, most important first",
}
DRAWN: tuple[Order, ...] = ("random", "least", "transfer", "most")  # the last one lies on top


@dataclass(frozen=True)
class Masked:
    """What masking by one explainer leaves.

    curves: order → an estimate a level, None where there is none. facts: what stands below the title. reason: why there
    is no value at all. n: the examples the curves are means over.
    """

    title: str
    curves: dict[Order, tuple[Estimate | None, ...]]
    facts: tuple[str, ...]
    reason: str
    n: int


@dataclass(frozen=True)
class Line:
    """A drawn curve as data of SVG paths. band: its 95 % interval; none around `transfer`, which can run so close to
    `most` that two bands would hide each other."""

    order: Order
    tooltip: str
    path: str
    points: str
    band: str


@dataclass(frozen=True)
class Panel:
    """missing: why masking the most important first, which a panel is about, has no line."""

    title: str
    facts: tuple[str, ...]
    description: str
    lines: tuple[Line, ...]
    missing: str


@dataclass(frozen=True)
class CurvesPlot:
    """across: what is masked, up: what is left; examples: how many, in words."""

    title: str
    across_title: str
    up_title: str
    across_ticks: tuple[Tick, ...]
    up_ticks: tuple[Tick, ...]
    panels: tuple[Panel, ...]
    examples: str

    width, height = int(WIDTH), int(HEIGHT)
    left, right = LEFT, WIDTH - RIGHT
    top, bottom = TOP, HEIGHT - BOTTOM

    @property
    def legend(self) -> list[tuple[Order, str]]:
        """The orders that occur, with their words."""
        found = {line.order for panel in self.panels for line in panel.lines}
        return [(order, words) for order, words in WORDS.items() if order in found]


def draw(title: str, levels: Sequence[int], masked: Sequence[Masked], *, across: str, up: str) -> CurvesPlot | None:
    """The picture of `masked`, a panel each, in this order. levels: percent of the units that are masked.

    None where nothing was masked, or no explanation leaves a value.
    """
    if not levels or not 0 < max(levels) <= 100:
        return None
    right = float(max(levels))
    x = Scale(0.0, right, LEFT, WIDTH - RIGHT, step_for(right))
    y = Scale(0.0, 1.0, HEIGHT - BOTTOM, TOP, STEP)
    panels = tuple(_panel(one, levels, x, y) for one in masked)
    counts = sorted({one.n for one, panel in zip(masked, panels, strict=True) if not panel.missing})
    if not counts:
        return None
    return CurvesPlot(
        title=title,
        across_title=across,
        up_title=up,
        across_ticks=x.ticks(),
        up_ticks=y.ticks(),
        panels=panels,
        examples=f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}",
    )


def in_words(curve: Sequence[Estimate | None]) -> str:
    """`0.981, 0.623, –`: what is left at each level."""
    return ", ".join("–" if point is None else number(point[0]) for point in curve)


def _panel(one: Masked, levels: Sequence[int], x: Scale, y: Scale) -> Panel:
    curves = {order: [within(point, y.low, y.high) for point in curve] for order, curve in one.curves.items()}
    lines = tuple(_line(order, levels, curves[order], x, y) for order in DRAWN if any(curves.get(order, ())))
    told = {line.order: line.tooltip for line in lines}
    left = f"Left at {', '.join(map(str, levels))} %: {'; '.join(told[order] for order in WORDS if order in told)}"
    missing = "" if "most" in told else f"undefined: {one.reason or 'no reason given'}"
    return Panel(
        title=one.title,
        facts=one.facts,
        description=". ".join(part for part in (*one.facts, missing, left if lines else "") if part) + ".",
        lines=lines,
        missing=missing,
    )


def _line(order: Order, levels: Sequence[int], curve: Sequence[Estimate | None], x: Scale, y: Scale) -> Line:
    runs = list(_runs(levels, curve))
    drawn = [[f"{pixel(x(level))} {pixel(y(point[0]))}" for level, point in run] for run in runs]
    return Line(
        order=order,
        tooltip=f"{WORDS[order]}: {in_words(curve)}",
        path="".join("M" + "L".join(run) for run in drawn if len(run) > 1),
        points="".join(f"M{place}h0" for run in drawn for place in run),
        band="" if order == "transfer" else "".join(_band(run, x, y) for run in runs if len(run) > 1),
    )


def _runs(levels: Sequence[int], curve: Sequence[Estimate | None]) -> Iterator[list[tuple[int, Estimate]]]:
    """Neighbouring levels that have a value: a line is not drawn across a level without one."""
    run: list[tuple[int, Estimate]] = []
    for level, point in zip(levels, curve, strict=False):
        if point is not None:
            run.append((level, point))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _band(run: Sequence[tuple[int, Estimate]], x: Scale, y: Scale) -> str:
    """Along the upper ends and back along the lower ones; a point without an interval is as thin as its line."""
    places = [(pixel(x(level)), *ends(point)) for level, point in run]
    there = [f"{at} {pixel(y(high))}" for at, _, high in places]
    back = [f"{at} {pixel(y(low))}" for at, low, _ in reversed(places)]
    return f"M{'L'.join(there + back)}Z"
