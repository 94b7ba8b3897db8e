"""What a comparison says: of a score, of a task, of all that was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xkd_bench.metrics.contract import Direction, Reason
from xkd_bench.verdicts.changed_examples import ChangedExamples
from xkd_bench.verdicts.entries import Entry
from xkd_bench.verdicts.paired import Interval
from xkd_bench.verdicts.verdict import Verdict

Group = Sequence[Mapping[str, Entry]]  # students of one method, each with its tasks


@dataclass(frozen=True)
class Side:
    """One entry's score, or the mean over the seeds of a method. seeds: the value of each of them."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    reason: Reason | None
    seeds: tuple[float, ...] = ()


@dataclass(frozen=True)
class SeedsEvidence:
    """What the seeds alone show: the exact sign-flip test of `pairs` paired seeds. None where they are no pairs."""

    pairs: int
    p_value: float | None
    smallest_p_value: float | None


@dataclass(frozen=True)
class ScoreComparison:
    """One score. difference: second − first. low, high: its 95 % interval; narrow: the 90 % one. p_value: raw;
    adjusted: by Holm over the task's scores. smallest: the difference this set of examples could have shown."""

    name: str
    title: str
    direction: Direction
    first: Side
    second: Side
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    narrow: Interval = (None, None)
    standard_error: float | None = None
    smallest: float | None = None
    p_value: float | None = None
    adjusted: float | None = None
    margin: float | None = None
    verdict: Verdict = "undefined"
    seeds: SeedsEvidence | None = None


@dataclass(frozen=True)
class TaskComparison:
    """Two entries on one task. seeds: how many students of each. changed: None with several seeds. family: how many
    p-values of the task, of all its pairs, were adjusted together."""

    task: str
    title: str
    protocol: str
    first: str
    second: str
    seeds: tuple[int, int]
    scores: tuple[ScoreComparison, ...]
    changed: ChangedExamples | None
    remarks: tuple[str, ...]
    family: int = 0


@dataclass(frozen=True)
class NotComparable:
    """Two entries that cannot be compared on a task, and why."""

    task: str
    first: str
    second: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """All comparisons that were possible, and all that were not."""

    compared: tuple[TaskComparison, ...]
    not_comparable: tuple[NotComparable, ...]


def label_of(group: Group) -> str:
    """The entry's name; of several seeds the first one's, with how many there are."""
    name = next(iter(group[0].values())).name
    return name if len(group) == 1 else f"{name} ({len(group)} seeds)"
