"""What was seen of a claim as strips, one a row of its table: seeds, difference and interval on one axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xkd_bench.leaderboard.plots.axes import Scale, Tick, pixel, scale_for
from xkd_bench.verdicts.claims import ClaimCell

WIDTH, HEIGHT, SIDE = 240, 34, 16
MOST_TICKS = 5
MOST = 2.0  # how much longer than the seeds' own range an interval may make the axis


@dataclass(frozen=True)
class Strip:
    """Pixels. own: of each of the method's seeds; others: of what it is held against; line: the interval, cut where the
    axis ends; at: the difference."""

    own: tuple[str, ...]
    others: tuple[str, ...]
    line: tuple[str, str] | None
    at: str


@dataclass(frozen=True)
class Strips:
    """One for each cell, None where nothing was measured. nothing: where no difference lies; band: what counts as one
    too small to matter."""

    ticks: tuple[Tick, ...]
    nothing: str
    band: tuple[str, str] | None
    rows: tuple[Strip | None, ...]

    width, height = WIDTH, HEIGHT


def strips(cells: Sequence[ClaimCell], margin: float | None) -> Strips | None:
    """Seeds are drawn by how far they lie from the mean of what they are held against; None where nothing was seen."""
    apart = [_apart(cell) for cell in cells]
    points = [0.0, *(value for one in apart if one for group in one for value in group)]
    if len(points) == 1:
        return None
    points += [] if margin is None else [-margin, margin]
    least, most = min(points), max(points)
    room = (MOST - 1) / 2 * max(most - least, 0.1)
    ends = [end for cell in cells for end in (cell.low, cell.high) if end is not None]
    within = [min(max(end, least - room), most + room) for end in ends]
    scale = scale_for([*points, *within], SIDE, WIDTH - SIDE)
    ticks = scale.ticks()
    return Strips(
        ticks if len(ticks) <= MOST_TICKS else tuple(tick for tick in ticks if _is_even(tick, scale)),
        pixel(scale(0.0)),
        None if margin is None else (pixel(scale(-margin)), pixel(scale(margin) - scale(-margin))),
        tuple(_strip(cell, *one, scale) if one else None for cell, one in zip(cells, apart, strict=True)),
    )


def _is_even(tick: Tick, scale: Scale) -> bool:
    """Whether a tick is an even multiple of the step: 0 stays."""
    return round(float(tick.label.replace("−", "-")) / scale.step) % 2 == 0


def _apart(cell: ClaimCell) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    if not cell.values or not cell.against:
        return None
    middle = sum(cell.against) / len(cell.against)
    return tuple(value - middle for value in cell.values), tuple(value - middle for value in cell.against)


def _strip(cell: ClaimCell, own: tuple[float, ...], others: tuple[float, ...], scale: Scale) -> Strip:
    line = None
    if cell.low is not None and cell.high is not None:
        line = tuple(pixel(scale(min(max(end, scale.low), scale.high))) for end in (cell.low, cell.high))
    return Strip(
        own=tuple(pixel(scale(value)) for value in own),
        others=tuple(pixel(scale(value)) for value in others),
        line=(line[0], line[1]) if line else None,
        at=pixel(scale(sum(own) / len(own))),
    )
