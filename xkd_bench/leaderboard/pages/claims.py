"""The page of claims: what papers say, what would have to be seen for it to hold, what was seen; every seed drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xkd_bench.explainers import registry as explainers
from xkd_bench.leaderboard.cells import MINUS, number
from xkd_bench.leaderboard.plots.claims import Strips, strips
from xkd_bench.metrics.contract import MetricCard
from xkd_bench.perturbations import registry as perturbations
from xkd_bench.tasks.claims import Claim
from xkd_bench.verdicts.claims import ClaimCell, ClaimVerdict

MARKS = {"supported": "✓", "contradicted": "✗", "cannot be told": "?", "not testable here": "–"}


@dataclass(frozen=True)
class Line:
    """A cell in words."""

    task: str
    score: str
    values: str
    against: str
    difference: str
    interval: str
    p_value: str
    smallest: str
    outcome: str
    reason: str


@dataclass(frozen=True)
class ClaimView:
    """A claim as the page shows it.

    against: what it is held against, in words. facts: term and text. told: of each task of the overview the outcomes
    of its scores: mark, outcome, how many.
    """

    anchor: str
    title: str
    claim: Claim
    against: str
    verdict: str
    mark: str
    sentence: str
    facts: tuple[tuple[str, str], ...]
    told: tuple[tuple[tuple[str, str, int], ...], ...]
    lines: tuple[Line, ...]
    plot: Strips | None


@dataclass(frozen=True)
class PaperView:
    anchor: str
    title: str
    written: str
    seen: str
    claims: tuple[ClaimView, ...]


@dataclass(frozen=True)
class ClaimsPage:
    """tasks: columns of the overview. counts: verdict → how many claims have it."""

    papers: tuple[PaperView, ...]
    tasks: tuple[str, ...]
    counts: tuple[tuple[str, str, int], ...]

    @property
    def measured(self) -> bool:
        """Whether any score of any claim has a value."""
        return any(told for paper in self.papers for claim in paper.claims for told in claim.told)


def claims_page(verdicts: Sequence[ClaimVerdict], metrics: Mapping[str, MetricCard]) -> ClaimsPage:
    papers = dict.fromkeys(one.paper.paper for one in verdicts)
    tasks = tuple(dict.fromkeys(cell.title for one in verdicts for cell in one.cells))
    views = []
    for paper in papers:
        own = [one for one in verdicts if one.paper.paper == paper]
        first = own[0].paper
        claims = tuple(_view(one, tasks, metrics) for one in own)
        views.append(PaperView(f"paper-{paper.replace('_', '-')}", first.title, first.written, first.seen, claims))
    kinds = dict.fromkeys(["supported", "contradicted", "cannot be told", *(one.verdict for one in verdicts)])
    counts = [(kind, MARKS.get(kind, "∎"), sum(one.verdict == kind for one in verdicts)) for kind in kinds]
    return ClaimsPage(tuple(views), tasks, tuple(counts))


def _view(one: ClaimVerdict, tasks: Sequence[str], metrics: Mapping[str, MetricCard]) -> ClaimView:
    claim = one.claim
    facts = [
        ("where", claim.place),
        ("what it rests on", f"{claim.their_n}; {claim.their_seeds} seed{'' if claim.their_seeds == 1 else 's'}"),
        ("held to mean", claim.hypothesis),
        ("note", claim.note),
        ("changed after the runs began", " ".join(claim.deviations)),
    ]
    return ClaimView(
        anchor=claim.name,
        title=claim.name[0].upper() + claim.name[1:].replace("-", " "),
        claim=claim,
        against=claim.against or ("the other explainer" if claim.against_explainers else ""),
        verdict=one.verdict,
        mark=MARKS.get(one.verdict, "∎"),
        sentence=one.sentence,
        facts=tuple((term, text) for term, text in facts if text),
        told=tuple(_told([cell for cell in one.cells if cell.title == task]) for task in tasks),
        lines=tuple(_line(claim, cell, metrics) for cell in one.cells),
        plot=strips(one.cells, claim.margin),
    )


def _told(cells: Sequence[ClaimCell]) -> tuple[tuple[str, str, int], ...]:
    """How the scores of one task came out; nothing where none was measured."""
    counts = [
        (mark, kind, sum(cell.outcome == kind and bool(cell.values) for cell in cells)) for kind, mark in MARKS.items()
    ]
    return tuple(one for one in counts if one[2])


def _line(claim: Claim, cell: ClaimCell, metrics: Mapping[str, MetricCard]) -> Line:
    other, ends = _against(claim, cell), (cell.low, cell.high)
    return Line(
        task=f"{cell.title}, against {other}" if claim.against_explainers and other else cell.title,
        score=_score_title(cell.score, metrics),
        values=" ".join(number(value) for value in cell.values),
        against="" if claim.kind == "level" else " ".join(number(value) for value in cell.against),
        difference="" if cell.difference is None else _signed(cell.difference),
        interval="" if None in ends else f"[{', '.join(_signed(end) for end in ends if end is not None)}]",
        p_value="" if cell.p_value is None else f"{cell.p_value:.3f}" if cell.p_value >= 0.0005 else "< 0.001",
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
