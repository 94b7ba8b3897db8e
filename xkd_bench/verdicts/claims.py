"""Do the papers' claims hold here? Each one held against the reference entries, on every task, explainer and reading.

A claim is about methods, so seeds are drawn as well as examples (`statistics.seeds`), p-values are adjusted over all
cells of a family (Holm), and where a method was trained with a single seed nothing can be told of it. A cell, one task
with one score, is

    supported       the adjusted p-value is below .05 and the difference lies on the side that the claim says
                    (equivalence: two one-sided tests inside ±margin)
    contradicted    the same on the other side (equivalence: the whole 95 % interval lies beyond the margin)
    cannot be told  everything else

and a claim is supported or contradicted where all of its cells are: its verdict survives task × explainer × fill ×
centring, or it is none. A cell with a student that did not learn the task (its record's gate) cannot be told either: it
shows a schedule that was too short for the method, or a training that failed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.special import stdtr

from xkd_bench.metrics.contract import FloatArray
from xkd_bench.records.fills import FILLS
from xkd_bench.records.findings import SubmissionError
from xkd_bench.records.submission import REFERENCE, Submission, without_seed
from xkd_bench.statistics.holm import adjusted
from xkd_bench.statistics.power import smallest_difference
from xkd_bench.statistics.seeds import SeedsDifference, seeds_difference
from xkd_bench.tasks.claims import Claim, PaperClaims
from xkd_bench.tasks.registry import all_tasks
from xkd_bench.verdicts.entries import Entry, why_not_comparable
from xkd_bench.verdicts.measured import MeasuredEntry, as_quantity, as_reason
from xkd_bench.verdicts.names import family_of
from xkd_bench.verdicts.paired import draws_of

Outcome = Literal["supported", "contradicted", "cannot be told"]
Verdict = Literal["supported", "contradicted", "cannot be told", "not testable here", "an artefact, by proof"]
SIGNIFICANT = 0.05
FEWEST_SEEDS = 2  # with one, how far another training would stray is unknown
READINGS = {"centred_cosine": ("centred_cosine", "raw_cosine")}


@dataclass(frozen=True)
class ClaimCell:
    """One task and one score.

    values, against: of each seed. difference: method − against, or method − threshold, with its 95 % interval over
    seeds × examples. p_value: adjusted. smallest: what could have been shown with a power of 80 %. reason: why nothing
    can be told.
    """

    task: str
    title: str
    score: str
    values: tuple[float, ...] = ()
    against: tuple[float, ...] = ()
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    smallest: float | None = None
    outcome: Outcome = "cannot be told"
    reason: str = ""


@dataclass(frozen=True)
class ClaimVerdict:
    """sentence: the verdict in words."""

    paper: PaperClaims
    claim: Claim
    verdict: Verdict
    sentence: str
    cells: tuple[ClaimCell, ...] = ()


@dataclass(frozen=True)
class _Drawn:
    """The seeds of one method on one task: each one's draws by score."""

    entries: tuple[MeasuredEntry, ...]

    def of(self, score: str) -> tuple[FloatArray, int] | str:
        """Draws (seeds, 1 + r) and the examples they rest on, or why there are none."""
        found, examples = [], []
        for one in self.entries:
            if score not in one.names:
                return "not measured"
            quantity = one.quantity(score)
            if (reason := as_reason(quantity)) is not None:
                return reason.replace("_", " ")
            known, resamples = as_quantity(quantity), one.protocol.statistics.resamples
            found.append(draws_of({score: known}, resamples, one.seed_words)[score])
            examples.append(known.n)
        return np.stack(found), min(examples)


def judge_claims(papers: Sequence[PaperClaims], submissions: Sequence[Submission]) -> list[ClaimVerdict]:
    """Every claim, in the order of the files. submissions: the reference entries, whole; those without tables beside
    their records are passed over."""
    groups = _Groups(submissions)
    claims = [(paper, claim) for paper in papers for claim in paper.claims]
    cells = {claim.name: _cells(claim, groups) for _, claim in claims if claim.is_tested}
    for family in dict.fromkeys(claim.family for _, claim in claims if claim.is_tested):
        members = [
            (cells[claim.name], place, cell.p_value)
            for _, claim in claims
            if claim.family == family and claim.is_tested
            for place, cell in enumerate(cells[claim.name])
            if cell.p_value is not None
        ]
        for (own, place, _), p_value in zip(members, adjusted(np.array([p for _, _, p in members])), strict=True):
            own[place] = replace(own[place], p_value=float(p_value))
    return [_verdict(paper, claim, cells.get(claim.name, []), groups) for paper, claim in claims]


class _Groups:
    """Reference entries by method and task, whatever their seed; tables are read once."""

    def __init__(self, submissions: Sequence[Submission]) -> None:
        self.found: dict[tuple[str, str], list[Entry]] = {}
        for submission in submissions:
            name = without_seed(submission.name.removeprefix(REFERENCE)).replace("-", " ")
            for task, one in submission.tasks.items():
                if not (one.folder / "examples.parquet").is_file():
                    continue
                self.found.setdefault((name, task), []).append(Entry(submission.card.name, one))
        self._measured: dict[str, MeasuredEntry] = {}

    def entries(self, method: str, task: str) -> list[Entry]:
        """One a seed, in the order of the seeds."""
        by_seed = {one.seed: one for one in self.found.get((method, task), ()) if one.seed is not None}
        return [by_seed[seed] for seed in sorted(by_seed)]

    def drawn(self, entries: Sequence[Entry]) -> _Drawn:
        return _Drawn(tuple(self._measure(one) for one in entries))

    def _measure(self, entry: Entry) -> MeasuredEntry:
        place = str(entry.task.folder)
        if place not in self._measured:
            self._measured[place] = MeasuredEntry(entry)
        return self._measured[place]


def _cells(claim: Claim, groups: _Groups) -> list[ClaimCell]:
    """Of every task all scores the claim is read by, before p-values are adjusted."""
    found: list[ClaimCell] = []
    for task in claim.tasks:
        own = groups.entries(claim.method, task)
        others = [] if claim.kind == "level" else groups.entries(claim.against or claim.method, task)
        title = all_tasks()[task].card.title if task in all_tasks() else task
        blank = ClaimCell(task, title, claim.score)
        if not own or (claim.kind != "level" and not others):
            missing = claim.method if not own else claim.against
            found.append(replace(blank, reason=f"no entry of {missing} on this task yet"))
        elif reason := _why_apart([*own, *others]):
            found.append(replace(blank, reason=reason))
        else:
            found += _measured_cells(claim, blank, groups, own, others)
    return found


def _measured_cells(
    claim: Claim, blank: ClaimCell, groups: _Groups, own: Sequence[Entry], others: Sequence[Entry]
) -> list[ClaimCell]:
    try:
        first, second = groups.drawn(own), groups.drawn(others)
        headline = own[0].result.task.headline
        return [_cell(claim, blank, score, first, second) for score in _scores(claim, headline, first)]
    except SubmissionError as error:
        return [replace(blank, reason=f"a record is not in order ({error.code}): {error.where}")]


def _why_apart(entries: Sequence[Entry]) -> str:
    """Why students cannot stand for their methods side by side: another track, start or schedule."""
    first, *others = entries
    for one in others:
        if reasons := why_not_comparable(first, one):
            return "; ".join(reasons)
        if _schedule(first) != _schedule(one):
            return f"{one.name} was trained from another start or by another schedule than {first.name}"
    return ""


def _schedule(entry: Entry) -> object:
    lineage = entry.result.lineage
    return None if lineage is None else (lineage.training, lineage.train_rows, lineage.student_start)


def _scores(claim: Claim, headline: str, drawn: _Drawn) -> list[str]:
    """Names of the scores: by each explainer, with each fill and reading there is, or by each perturbation."""
    family = headline if claim.score == "headline" else claim.score
    if not claim.explainers and not claim.parts:
        return [family]
    names = drawn.entries[0].names
    found = []
    for reading in READINGS.get(family, (family,)):
        for part in claim.explainers or claim.parts:
            whole = f"{reading}.{part}"
            fills = [name for name in names if name.startswith(f"{whole}.") and family_of(name) == reading]
            found += [whole, *fills]
    return found


def _cell(claim: Claim, blank: ClaimCell, score: str, own: _Drawn, others: _Drawn) -> ClaimCell:
    blank = replace(blank, score=score)
    drawn = own.of(score)
    if isinstance(drawn, str):
        return replace(blank, reason=f"no value: {drawn}")
    first, n = drawn
    held = (
        (np.full((1, first.shape[1]), claim.threshold), n)
        if claim.kind == "level"
        else others.of(claim.counterpart(score))
    )
    if isinstance(held, str):
        return replace(blank, reason=f"no value: {held}")
    second, n = held[0], min(n, held[1])
    keep = np.isfinite(np.vstack([first, second])).all(axis=0)
    words = (claim.method, claim.against or claim.method, blank.task, score)
    found = seeds_difference(second[:, keep], first[:, keep], n, words)
    cell = replace(
        blank,
        values=tuple(first[:, 0].tolist()),
        against=tuple(second[:, 0].tolist()),
        difference=found.value,
        low=found.low,
        high=found.high,
        smallest=smallest_difference(found.standard_error) if np.isfinite(found.standard_error) else None,
    )
    if weak := _weak_students({claim.method: own} | ({claim.against: others} if claim.against else {})):
        return replace(cell, reason=weak)
    seeds = min(len(one) for one in ((first,) if claim.kind == "level" else (first, second)))
    if seeds < FEWEST_SEEDS:
        return replace(cell, reason="one seed of a method: that holds for these checkpoints, not for methods")
    return replace(cell, p_value=_p_value(claim, found))


def _weak_students(students: Mapping[str, _Drawn]) -> str:
    """How many did not pass their gate, method by method; empty where all did."""
    found = []
    for method, drawn in students.items():
        weak = sum(one.entry.result.failed_gate("student") is not None for one in drawn.entries)
        if weak:
            found.append(f"{weak} of {len(drawn.entries)} students of {method} did not pass their gate")
    return "; ".join(found)


def _p_value(claim: Claim, found: SeedsDifference) -> float | None:
    """Two-sided of a difference; of an equivalence the larger of two one-sided ones."""
    if claim.kind != "equivalence" or claim.margin is None or found.p_value is None:
        return found.p_value
    if found.standard_error == 0.0:
        return 0.0 if abs(found.value) < claim.margin else 1.0
    degrees = min(found.degrees, 1e9)
    return float(stdtr(degrees, -(claim.margin - abs(found.value)) / found.standard_error))


def _outcome(claim: Claim, cell: ClaimCell) -> Outcome:
    if cell.p_value is None or cell.difference is None or cell.low is None or cell.high is None:
        return "cannot be told"
    if claim.kind == "equivalence":
        assert claim.margin is not None
        if cell.p_value < SIGNIFICANT:
            return "supported"
        return "contradicted" if cell.low > claim.margin or cell.high < -claim.margin else "cannot be told"
    if cell.p_value >= SIGNIFICANT:
        return "cannot be told"
    return "supported" if (cell.difference > 0) == (claim.expected in ("above", "greater")) else "contradicted"


def _verdict(paper: PaperClaims, claim: Claim, cells: Sequence[ClaimCell], groups: _Groups) -> ClaimVerdict:
    if claim.artefact:
        return ClaimVerdict(paper, claim, "an artefact, by proof", claim.artefact)
    if claim.not_testable:
        return ClaimVerdict(paper, claim, "not testable here", claim.not_testable)
    cells = [replace(cell, outcome=_outcome(claim, cell)) for cell in cells]
    outcomes = {cell.outcome for cell in cells}
    verdict: Outcome = outcomes.pop() if len(outcomes) == 1 else "cannot be told"
    return ClaimVerdict(paper, claim, verdict, _sentence(claim, verdict, cells, groups), tuple(cells))


def _sentence(claim: Claim, verdict: Outcome, cells: Sequence[ClaimCell], groups: _Groups) -> str:
    """What may be said, and of what."""
    tasks = list(dict.fromkeys(cell.title for cell in cells if cell.values))
    if not tasks:
        return "No entry of these methods yet: it cannot be told."
    entries = [one for task in claim.tasks for one in groups.entries(claim.method, task)]
    sizes = dict.fromkeys(
        f"{one.result.teacher.blocks} → {one.result.student.blocks} blocks" for one in entries if one.result.teacher
    )
    counts = sorted({len(cell.values) for cell in cells if cell.values})
    seeds = f"{'–'.join(map(str, counts))} seed{'' if counts == [1] else 's'}"
    what = "the direction" if claim.kind == "difference" else "the claim"
    lacking = [cell.title for cell in cells if not cell.values]
    end = f" (nothing yet on {', '.join(dict.fromkeys(lacking))})" if lacking else ""
    told = "is supported" if verdict == "supported" else "is contradicted" if verdict == "contradicted" else verdict
    fills = _only_fill(claim, entries)
    return f"On {' and '.join(tasks)}, {', '.join(sizes)}, {seeds}, {what} {told}{end}{fills}; magnitude not compared."


def _only_fill(claim: Claim, entries: Sequence[Entry]) -> str:
    """What was put in the place of words or patches, where it was one thing alone: no verdict has survived another."""
    fills = set[str]()
    for one in entries if claim.explainers else ():
        settings = one.result.provenance["settings"]["explanations"].get("coalitions") or {}
        task = all_tasks().get(one.result.task.name)
        images = task is not None and task.card.modality == "image"
        fills |= set(settings.get("image_fills" if images else "fills", ()))
    names = [FILLS.get(fill, fill) for fill in fills]
    return f"; one fill, {names[0]}" if len(names) == 1 else ""
