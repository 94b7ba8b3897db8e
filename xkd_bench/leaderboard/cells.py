"""A score, a size or a speed → what a table cell shows and what it sorts by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from xkd_bench.leaderboard.ranks import SIZES, Place, size_class
from xkd_bench.metrics.contract import Reason
from xkd_bench.records.schema import GateRecord, ModelRecord, RunRecord, ScoreRecord

MINUS = "−"
REASONS: dict[Reason, str] = {
    "degenerate": "both raters are constant, or there is nothing to divide by",
    "collapsed": "one rater gives the same answer nearly everywhere: the value stands and says nothing",
    "regression": "the score is about labels, and the task has none",
    "zero_vector": "an explanation is zero on every unit",
    "too_few_units": "too few units to compare",
    "teacher_invalid": "the teacher does not pass its gate, so there is nothing to align with",
    "not_converged": "the explainer did not converge",
    "non_finite": "a model gave a value that is no number",
    "not_measured": "no teacher was given, or the probe was not run",
    "label_changing": "the perturbation can change the true label",
    "unfaithful": "the student's own explanation is no better than random masking",
    "short_scale": "chance and retrained teachers are too close to stretch a scale between them",
}


@dataclass(frozen=True)
class Cell:
    """text, small (its lines kept) and note (a reason) are printed; tooltip is a title.

    sort: what a column is sorted by; empty where there is no value, which sorts last.
    """

    text: str
    small: str = ""
    note: str = ""
    tooltip: str = ""
    sort: str = ""
    status: Literal["ok", "flagged", "undefined", "blank"] = "ok"


BLANK = Cell(text="", status="blank")


def number(value: float) -> str:
    """Three decimals and a real minus sign; one decimal from 100 on."""
    text = f"{abs(value):,.1f}" if abs(value) >= 100 else f"{abs(value):.3f}"
    return f"{MINUS if value < 0 and float(text.replace(',', '')) else ''}{text}"


def sort_key(value: float) -> str:
    return f"{value:.9g}"


def interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"[{number(low)}, {number(high)}]"


def score_cell(score: ScoreRecord | None) -> Cell:
    """Value, interval and n of a score; or why it has no value."""
    if score is None:
        return Cell(text="–", note="not in this record", tooltip="the record holds no such score", status="undefined")
    reason = (score.reason or "").replace("_", " ")
    meaning = REASONS.get(score.reason, "") if score.reason else ""
    if score.value is None:
        return Cell(text="–", note=f"undefined: {reason or 'no reason given'}", tooltip=meaning, status="undefined")
    tooltip = f"n = {score.n:,}"
    if score.low is None or score.high is None:
        tooltip += "; no interval: too many resamples have no value"
    if score.status == "ok":
        return Cell(number(score.value), interval(score.low, score.high), "", tooltip, sort_key(score.value))
    return Cell(
        text=number(score.value),
        small=interval(score.low, score.high),
        note=f"flagged: {reason or 'no reason given'}",
        tooltip=f"{tooltip}; {meaning}" if meaning else tooltip,
        sort=sort_key(score.value),
        status="flagged",
    )


def millions(parameters: int) -> str:
    """Parameters in M, three digits: 0.041 M, 6.62 M, 66.4 M, 340 M."""
    value = parameters / 1e6
    decimals = 3 if value < 1 else 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:,.{decimals}f} M"


def blocks(model: ModelRecord) -> str:
    if model.blocks is None:
        return ""
    return f"{model.blocks} block{'' if model.blocks == 1 else 's'}"


def size_cell(student: ModelRecord, teacher: ModelRecord | None) -> Cell:
    """Parameters, with blocks and the ratio to the teacher in small type."""
    parts = [blocks(student)] if student.blocks is not None else []
    if teacher is not None and teacher.parameters > 0:
        parts.append(f"{student.parameters / teacher.parameters:.2f} × teacher")
    return Cell(
        text=millions(student.parameters),
        small="\n".join(parts),
        tooltip=f"{student.architecture}, {student.parameters:,} parameters, {student.bytes:,} bytes, {student.hash}",
        sort=str(student.parameters),
    )


def rank_cell(place: Place | None, parameters: int) -> Cell:
    """The places that are possible for a student among those of its size; blank where it has none."""
    if place is None:
        return BLANK
    return Cell(
        text=str(place),
        small=f"of {place.of}, {size_words(parameters)}",
        tooltip=f"{place.first - 1} are shown to be better, {place.of - place.last} to be worse",
        sort=sort_key(place.first + place.last / 1e6),
    )


def with_place(cell: Cell, place: Place | None) -> Cell:
    """The cell with the places that are possible below its interval."""
    if place is None or place.of < 2:
        return cell
    return replace(cell, small="\n".join(part for part in (cell.small, f"rank {place}") if part))


def size_words(parameters: int) -> str:
    """The class of sizes a student is ranked in."""
    size = size_class(parameters)
    return f"up to {SIZES[size] // 1_000_000} M" if size < len(SIZES) else f"over {SIZES[-1] // 1_000_000} M"


def speed_cell(run: RunRecord | None) -> Cell:
    """Speed as a multiple of the teacher's, with examples a second and the device in small type."""
    speed = run.speed if run is not None else None
    if run is None or speed is None or (speed.student is None and speed.ratio is None):
        return Cell(text="–", note="not timed", status="undefined")
    rate = "" if speed.student is None else f"{speed.student:,.0f} a second"
    device = run.device if len(run.device) <= 24 else f"{run.device[:23]}…"
    tooltip = f"{run.device}; {speed.examples:,} examples, {speed.rounds} rounds"
    if speed.note:
        tooltip += f"; {speed.note}"
    if speed.ratio is None:
        return Cell(text=rate, small=device, tooltip=tooltip)
    small = "\n".join(part for part in (rate, device) if part)
    return Cell(f"{speed.ratio:.2f} ×", small, "", tooltip, sort_key(speed.ratio))


def gate_words(gate: GateRecord | None) -> str:
    """Why a model does not pass its gate, in one clause; nothing where it does."""
    if gate is None:
        return ""
    if gate.reason:
        return gate.reason
    title = {"mcc": "MCC", "spearman": "Spearman"}[gate.score]
    if gate.low is None:
        return f"its {title} has no interval"
    return f"the lower end of its {title} is {number(gate.low)}, not above 0.1"
