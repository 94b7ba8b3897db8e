"""The picture of where entries stand: an explainer or a perturbation a row, an entry a lane in it, on its own scale.

Shapes only; `templates/standings_plot.svg.j2` draws them, and escapes the names. What a mark says is carried by its
shape: a disc (hollow for a weak student), a cross where another fill says otherwise, a diamond for random weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xkd_bench.leaderboard.cells import interval, number
from xkd_bench.leaderboard.plots import axes
from xkd_bench.leaderboard.plots.axes import Estimate, Scale, Tick, ends, pixel, shortened

WIDTH, LEFT, RIGHT = 760.0, 214.0, 14.0
TOP, BOTTOM = 8.0, 48.0
LANE, STRIP = 19.0, 13.0  # from one lane to the next, and the height of its band
ALONE, ALONE_STRIP = 32.0, 18.0  # the same where one entry has each row to itself
HEAD, GAP = 20.0, 7.0  # room for the explainer's name above its lanes, and below them
LONGEST_TITLE = 30
LEAST, MOST, STEP = -1.0, 1.0, 0.2  # a cosine or a κ lies between these two; a tick at each such step
CLEAR = 10.0  # between the marks of a lane and the words after them


@dataclass(frozen=True)
class Standing:
    """What one explainer, or one perturbation, says of one entry.

    value: centred cosine or flip-κ, or None with `reason`. floor, ceiling: chance and retrained teachers; random: the
    mean of the student with random weights; None where they were not measured. survives: false where another fill says
    otherwise.
    """

    entry: str
    value: Estimate | None
    reason: str
    floor: Estimate | None
    ceiling: Estimate | None
    random: float | None
    weak: bool
    survives: bool


@dataclass(frozen=True)
class Lane:
    """A drawn standing, in pixels; a text is empty where there is nothing to draw.

    y: its middle. band: floor → lower end of the ceiling, edge: the ceiling's interval, both (x, width).
    missing: why there is no point, written from missing_x on.
    """

    name: str
    tooltip: str
    y: str
    top: str
    bottom: str
    strip: str
    band: tuple[str, str] | None
    edge: tuple[str, str] | None
    floor: str
    ceiling: str
    random: str
    x: str
    x_low: str
    x_high: str
    weak: bool
    survives: bool
    missing: str
    missing_x: str


@dataclass(frozen=True)
class Row:
    """An explainer: the middle of its title and of the rule above it, and its lanes."""

    title: str
    title_y: str
    rule_y: str
    lanes: tuple[Lane, ...]


@dataclass(frozen=True)
class StandingsPlot:
    """alone: the name of the entry where there is only one; the lanes carry the names where there are several."""

    title: str
    description: str
    across_title: str
    height: int
    ticks: tuple[Tick, ...]
    rows: tuple[Row, ...]
    alone: str

    width = int(WIDTH)
    left = LEFT
    right = WIDTH - RIGHT
    top = TOP

    @property
    def bottom(self) -> float:
        return self.height - BOTTOM

    @property
    def lanes(self) -> list[Lane]:
        return [lane for row in self.rows for lane in row.lanes]

    @property
    def shows(self) -> set[str]:
        """Which kinds of marks there are, for the legend."""
        kinds = set()
        for lane in self.lanes:
            if lane.x:
                kinds.add("cross" if not lane.survives else "weak" if lane.weak else "firm")
            if lane.floor:
                kinds.add("scale" if lane.ceiling else "chance alone")
            if lane.random:
                kinds.add("random")
        return kinds


def within(estimate: Estimate | None) -> Estimate | None:
    """The estimate with its interval cut to what a cosine can be; None for a value that is no cosine."""
    return axes.within(estimate, LEAST, MOST)


def across(standings: Iterable[Standing]) -> Scale:
    """From 0, or the lowest end of anything drawn where that is below 0, to 1."""
    low = 0.0
    for one in standings:
        for estimate in (one.value, one.floor, one.ceiling, None if one.random is None else (one.random, None, None)):
            if (kept := within(estimate)) is not None:
                low = min(low, ends(kept)[0])
    return Scale(low, MOST, LEFT, WIDTH - RIGHT, STEP)


def in_words(one: Standing, title: str) -> str:
    """A standing as a sentence, for tooltips and readers without the picture."""
    value = f"undefined, {one.reason}" if one.value is None else _estimate_in_words(one.value)
    marks = ["weak"] * one.weak + ["does not survive the other fill"] * (not one.survives)
    name = f"{one.entry} ({', '.join(marks)})" if marks else one.entry
    parts = [f"{name}, {title}: {value}"]
    parts += [
        f"{name} {_estimate_in_words(estimate)}"
        for name, estimate in (("chance", one.floor), ("retrained teachers", one.ceiling))
        if estimate is not None
    ]
    if one.random is not None:
        parts.append(f"random weights {number(one.random)}")
    return "; ".join(parts)


def _estimate_in_words(estimate: Estimate) -> str:
    value, low, high = estimate
    return f"{number(value)} {interval(low, high)}".strip()


def lane_of(one: Standing, title: str, scale: Scale, y: float, strip: float, *, named: bool) -> Lane:
    value, floor, ceiling = within(one.value), within(one.floor), within(one.ceiling)
    low, high = ends(value) if value is not None else (0.0, 0.0)
    random = within(None if one.random is None else (one.random, None, None))
    last = max([scale.start, *(scale(mark[0]) for mark in (floor, random) if mark is not None)])
    return Lane(
        name=shortened(one.entry) if named else "",
        tooltip=in_words(one, title),
        y=pixel(y),
        top=pixel(y - strip / 2),
        bottom=pixel(y + strip / 2),
        strip=pixel(strip),
        band=None if floor is None or ceiling is None else _stretch(scale, floor[0], ends(ceiling)[0]),
        edge=None if ceiling is None else _stretch(scale, *ends(ceiling)),
        floor="" if floor is None else pixel(scale(floor[0])),
        ceiling="" if ceiling is None else pixel(scale(ceiling[0])),
        random="" if random is None else pixel(scale(random[0])),
        x="" if value is None else pixel(scale(value[0])),
        x_low="" if value is None else pixel(scale(low)),
        x_high="" if value is None else pixel(scale(high)),
        weak=one.weak,
        survives=one.survives,
        missing="" if value is not None else _absence(one),
        missing_x=pixel(last + CLEAR),
    )


def _absence(one: Standing) -> str:
    return f"undefined: {one.reason}" if one.value is None else "not between −1 and 1"


def _stretch(scale: Scale, low: float, high: float) -> tuple[str, str] | None:
    """(x, width) of a band; None where its ends have crossed, or meet."""
    return (pixel(scale(low)), pixel(scale(high) - scale(low))) if high > low else None


def draw(title: str, across_title: str, standings: Sequence[tuple[str, Sequence[Standing]]]) -> StandingsPlot | None:
    """The picture of `standings`: (title of an explainer, what it says of the entries, in the order of the table). Of
    a perturbation as well, whose flip-κ is read the same way.

    None where no explainer gives any entry a value.
    """
    standings = [(name, ones) for name, ones in standings if ones]
    every = [one for _, ones in standings for one in ones]
    if all(within(one.value) is None for one in every):
        return None
    scale = across(every)
    entries = list(dict.fromkeys(one.entry for one in every))
    several = max(len(ones) for _, ones in standings) > 1 or len(entries) > 1
    head, lane, strip, gap = (HEAD, LANE, STRIP, GAP) if several else (0.0, ALONE, ALONE_STRIP, 0.0)
    rows: list[Row] = []
    top = TOP
    for name, ones in standings:
        middles = [top + head + lane * (place + 0.5) for place in range(len(ones))]
        rows.append(
            Row(
                title=shortened(name, LONGEST_TITLE),
                title_y=pixel(top + head / 2 + 2 if several else middles[0]),
                rule_y=pixel(top),
                lanes=tuple(
                    lane_of(one, name, scale, middle, strip, named=several)
                    for one, middle in zip(ones, middles, strict=True)
                ),
            )
        )
        top += head + lane * len(ones) + gap
    return StandingsPlot(
        title=title,
        description=". ".join(in_words(one, name) for name, ones in standings for one in ones) + ".",
        across_title=across_title,
        height=round(top + BOTTOM),
        ticks=scale.ticks(),
        rows=tuple(rows),
        alone="" if several else entries[0],
    )
