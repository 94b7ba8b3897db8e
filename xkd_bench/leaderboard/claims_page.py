"""The page of claims: what papers say, what would have to be seen for it to hold, what was seen; every seed drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xkd_bench.explainers import registry as explainers
from xkd_bench.leaderboard.axes import Scale, Tick, pixel, scale_for
from xkd_bench.leaderboard.cells import MINUS, number
from xkd_bench.metrics.contract import MetricCard
from xkd_bench.perturbations import registry as perturbations
from xkd_bench.tasks.claims import Claim
from xkd_bench.verdicts.claims import ClaimCell, ClaimVerdict

WIDTH, LEFT, RIGHT = 300.0, 20.0, 20.0
LANE, TOP, BOTTOM = 22.0, 6.0, 24.0
MARKS = {"supported": "✓", "contradicted": "✗", "cannot be told": "?", "not testable here": "–"}


@dataclass(frozen=True)
class Line:
    """A cell in words."""

    task: str
    score: str
    values: str
    against: str
    difference: str
    p_value: str
    smallest: str
    outcome: str
    reason: str


@dataclass(frozen=True)
class Lane:
    """The seeds of one cell, in pixels: of the method, and of what it is held against."""

    y: str
    label: str
    own: tuple[str, ...]
    others: tuple[str, ...]


@dataclass(frozen=True)
class SeedsPlot:
    """One lane a cell, on one axis."""

    description: str
    height: int
    ticks: tuple[Tick, ...]
    lanes: tuple[Lane, ...]

    width = int(WIDTH)

    @property
    def bottom(self) -> float:
        return self.height - BOTTOM


@dataclass(frozen=True)
class ClaimView:
    """A claim as the page shows it. against: what it is held against, in words. facts: term and text."""

    anchor: str
    title: str
    claim: Claim
    against: str
    verdict: str
    mark: str
    sentence: str
    facts: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]
    plot: SeedsPlot | None


@dataclass(frozen=True)
class PaperView:
    anchor: str
    title: str
    written: str
    seen: str
    claims: tuple[ClaimView, ...]


@dataclass(frozen=True)
class ClaimsPage:
    """counts: verdict → how many claims have it."""

    papers: tuple[PaperView, ...]
    counts: tuple[tuple[str, str, int], ...]


def claims_page(verdicts: Sequence[ClaimVerdict], metrics: Mapping[str, MetricCard]) -> ClaimsPage:
    papers = dict.fromkeys(one.paper.paper for one in verdicts)
    views = []
    for paper in papers:
        own = [one for one in verdicts if one.paper.paper == paper]
        first = own[0].paper
        claims = tuple(_view(one, metrics) for one in own)
        views.append(PaperView(f"paper-{paper.replace('_', '-')}", first.title, first.written, first.seen, claims))
    kinds = dict.fromkeys(["supported", "contradicted", "cannot be told", *(one.verdict for one in verdicts)])
    counts = [(kind, MARKS.get(kind, "∎"), sum(one.verdict == kind for one in verdicts)) for kind in kinds]
    return ClaimsPage(tuple(views), tuple(counts))


def _view(one: ClaimVerdict, metrics: Mapping[str, MetricCard]) -> ClaimView:
    claim = one.claim
    facts = [
        ("where", claim.place),
        ("what it rests on", f"{claim.their_n}; {claim.their_seeds} seed{'' if claim.their_seeds == 1 else 's'}"),
        ("held to mean", claim.hypothesis),
        ("note", claim.note),
        ("changed after the runs began", "; ".join(claim.deviations)),
    ]
    return ClaimView(
        anchor=claim.name,
        title=claim.name.replace("-", " ").capitalize(),
        claim=claim,
        against=claim.against or ("the other explainer" if claim.against_explainers else ""),
        verdict=one.verdict,
        mark=MARKS.get(one.verdict, "∎"),
        sentence=one.sentence,
        facts=tuple((term, text) for term, text in facts if text),
        lines=tuple(_line(claim, cell, metrics) for cell in one.cells),
        plot=_plot(claim, [cell for cell in one.cells if cell.values], metrics),
    )


def _line(claim: Claim, cell: ClaimCell, metrics: Mapping[str, MetricCard]) -> Line:
    difference, other = "", _against(claim, cell)
    if cell.difference is not None:
        ends = "" if cell.low is None or cell.high is None else f" [{_signed(cell.low)}, {_signed(cell.high)}]"
        difference = f"{_signed(cell.difference)}{ends}"
    return Line(
        task=f"{cell.title}, against {other}" if claim.against_explainers and other else cell.title,
        score=_score_title(cell.score, metrics),
        values=" ".join(number(value) for value in cell.values),
        against="" if claim.kind == "level" else " ".join(number(value) for value in cell.against),
        difference=difference,
        p_value="" if cell.p_value is None else f"{cell.p_value:.3f}",
        smallest="" if cell.smallest is None else number(cell.smallest),
        outcome=cell.outcome,
        reason=cell.reason,
    )


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{number(value)}" if value else f"{MINUS if value < 0 else ''}0.000"


def _score_title(score: str, metrics: Mapping[str, MetricCard]) -> str:
    """Of `centred_cosine.lime`: Centred cosine, LIME."""
    metric, _, part = score.partition(".")
    if metric == "headline":
        return "Headline score"
    title = metrics[metric].title if metric in metrics else metric
    if not part:
        return title
    name = part.partition(".")[0]
    if name in explainers.cards():
        return f"{title}, {explainers.title(part)}"
    return f"{title}, {perturbations.title(part) if name in perturbations.cards() else part}"


def _against(claim: Claim, cell: ClaimCell) -> str:
    """What the second group of values is of; empty where there is none."""
    other = claim.counterpart(cell.score)
    return claim.against if other == cell.score else explainers.title(other.partition(".")[2])


def _plot(claim: Claim, cells: Sequence[ClaimCell], metrics: Mapping[str, MetricCard]) -> SeedsPlot | None:
    """None where nothing was measured."""
    if not cells:
        return None
    held = [cell.against if claim.kind != "level" else () for cell in cells]
    every = [value for cell, others in zip(cells, held, strict=True) for value in (*cell.values, *others)]
    scale: Scale = scale_for(every, LEFT, WIDTH - RIGHT)
    lanes, told = [], []
    for place, (cell, others) in enumerate(zip(cells, held, strict=True)):
        name = f"{cell.title}, {_score_title(cell.score, metrics)}"
        told.append(
            f"{name}: {claim.method} {', '.join(map(number, cell.values))}"
            + (f"; {_against(claim, cell)} {', '.join(map(number, others))}" if others else "")
        )
        y = TOP + LANE * (place + 0.5)
        lanes.append(
            Lane(pixel(y), name, tuple(pixel(scale(v)) for v in cell.values), tuple(pixel(scale(v)) for v in others))
        )
    return SeedsPlot(". ".join(told) + ".", round(TOP + LANE * len(cells) + BOTTOM), scale.ticks(), tuple(lanes))
