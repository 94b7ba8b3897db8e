"""What a suite would take, without running anything: jobs, updates, forwards, hours, disk."""

from __future__ import annotations

from dataclasses import dataclass

from xkd_bench.reference.jobs import KINDS, Cost, Kind
from xkd_bench.reference.status import UNFINISHED, Standing, seconds_left

TRAINING_BYTES = 3  # a training in progress holds weights and two moments of each


@dataclass(frozen=True)
class Row:
    """Jobs of one kind on one task. finished: of them, done or committed; cost: of the others."""

    task: str
    kind: Kind
    jobs: int
    finished: int
    cost: Cost


def rows(found: list[Standing]) -> list[Row]:
    """By task and kind, in the order of the suite. What nothing needs is counted as finished."""
    tasks = dict.fromkeys(one.job.task for one in found)
    made = []
    for task in tasks:
        for kind in KINDS:
            these = [one for one in found if one.job.task == task and one.job.kind == kind]
            left = [one for one in these if one.state in UNFINISHED]
            if these:
                total = sum((_cost(one) for one in left), Cost())
                made.append(Row(task, kind, len(these), len(these) - len(left), total))
    return made


@dataclass(frozen=True)
class Measured:
    """Finished jobs of one kind on one task: seconds that were predicted before any was run, and that they took."""

    task: str
    kind: Kind
    jobs: int
    predicted: float
    taken: float


def measured(found: list[Standing]) -> list[Measured]:
    """By task and kind, in the order of the suite; only what was made here."""
    made: dict[tuple[str, Kind], list[Standing]] = {}
    for one in found:
        if one.state == "done" and one.job.cost.seconds > 0:
            made.setdefault((one.job.task, one.job.kind), []).append(one)
    return [
        Measured(task, kind, len(some), sum(one.job.cost.seconds for one in some), sum(one.seconds for one in some))
        for (task, kind), some in sorted(made.items(), key=lambda item: KINDS.index(item[0][1]))
    ]


def _cost(one: Standing) -> Cost:
    """As predicted, with the seconds corrected by what was measured."""
    return Cost(one.job.cost.updates, one.job.cost.forwards, one.seconds, one.job.cost.disk)


def most_disk(found: list[Standing], workers: int) -> int:
    """Bytes that stay, and those that trainings in progress hold."""
    left = [one for one in found if one.state in UNFINISHED]
    largest = max((one.job.cost.disk for one in left if one.job.kind == "train"), default=0)
    return sum(one.job.cost.disk for one in left) + TRAINING_BYTES * workers * largest


def hours(found: list[Standing], workers: int) -> float:
    """Hours on so many workers."""
    return seconds_left(found, workers) / 3600
