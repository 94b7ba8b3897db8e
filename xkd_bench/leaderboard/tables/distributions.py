"""How alike the reasons are on single examples: a panel an explainer, its centred cosines counted in equal bins.

A mean of .5 can be half of the examples explained alike and half at chance, or all of them halfway: that is what this
shows. The bins are those of the record.
"""

from __future__ import annotations

from dataclasses import dataclass

from xkd_bench.explainers.registry import in_reading_order, title
from xkd_bench.leaderboard.cells import number
from xkd_bench.leaderboard.plots.axes import Scale, Tick, pixel
from xkd_bench.leaderboard.tables.alignment import HEADLINE
from xkd_bench.records.schema import TaskResult

WIDTH, HEIGHT = 240.0, 120.0
LEFT, RIGHT, TOP, BOTTOM = 4.0, 4.0, 14.0, 22.0
LEAST, MOST = -1.0, 1.0


@dataclass(frozen=True)
class Bar:
    """In pixels, from the floor up; tooltip: how many examples lie between which values."""

    x: str
    y: str
    width: str
    height: str
    tooltip: str


@dataclass(frozen=True)
class Panel:
    """mean_x, floor_x: where the mean and chance lie, empty where there is none."""

    title: str
    facts: str
    description: str
    bars: tuple[Bar, ...]
    mean_x: str
    floor_x: str


@dataclass(frozen=True)
class Distributions:
    title: str
    ticks: tuple[Tick, ...]
    panels: tuple[Panel, ...]

    width = WIDTH
    height = HEIGHT
    left = LEFT
    right = WIDTH - RIGHT
    top = TOP
    bottom = HEIGHT - BOTTOM


def distributions(name: str, result: TaskResult) -> Distributions | None:
    """The picture of a record of the entry `name`; None where it counts no cosines."""
    explained = result.explanations
    if explained is None:
        return None
    across = Scale(LEAST, MOST, LEFT, WIDTH - RIGHT, 0.5)
    keys = [key for key in in_reading_order(explained.explainers) if HEADLINE in explained.explainers[key].measures]
    panels = [panel for key in keys if (panel := _panel(result, key, across)) is not None]
    if not panels:
        return None
    return Distributions(
        f"{name}, {result.task.title}: centred cosine of single examples", across.ticks(), tuple(panels)
    )


def _panel(result: TaskResult, key: str, across: Scale) -> Panel | None:
    assert result.explanations is not None
    measure = result.explanations.explainers[key].measures[HEADLINE]
    counts, total = measure.distribution, sum(measure.distribution)
    score = result.scores.get(f"{HEADLINE}.{key}")
    if total == 0 or score is None:
        return None
    step = (MOST - LEAST) / len(counts)
    tallest = max(counts)
    bars = []
    for place, count in enumerate(counts):
        if count == 0:
            continue
        low, high = LEAST + place * step, LEAST + (place + 1) * step
        height = (HEIGHT - BOTTOM - TOP) * count / tallest
        bars.append(
            Bar(
                x=pixel(across(low) + 0.4),
                y=pixel(HEIGHT - BOTTOM - height),
                width=pixel(across(high) - across(low) - 0.8),
                height=pixel(height),
                tooltip=f"{count} of {total} between {number(low)} and {number(high)}",
            )
        )
    floor = measure.scale.floor.value if measure.scale else None
    median = measure.median.value
    facts = [f"mean {number(score.value)}" if score.value is not None else ""]
    facts.append(f"median {number(median)}" if median is not None else "")
    below = sum(count for place, count in enumerate(counts) if LEAST + (place + 1) * step <= 1e-9)
    told = ", ".join(fact for fact in facts if fact)
    return Panel(
        title=title(key),
        facts=told,
        description=f"{title(key)}: {told}; {below} of {total} examples at or below 0.",
        bars=tuple(bars),
        mean_x="" if score.value is None else pixel(across(score.value)),
        floor_x="" if floor is None else pixel(across(floor)),
    )
