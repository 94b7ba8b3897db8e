"""Where a suite stands: what is done, running, failed and left, and how long the rest will take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

from xkd_bench.reference.graph import Graph
from xkd_bench.reference.jobs import Job
from xkd_bench.reference.ledger import TRIED, Ledger

State = Literal["done", "committed", "running", "failed", "waiting", "left", "not needed"]
UNFINISHED: tuple[State, ...] = ("running", "failed", "waiting", "left")


class Pace:
    """How long jobs take: as predicted, corrected by the finished ones of the same kind and task, else of the kind."""

    def __init__(self, factors: dict[tuple[str, ...], float]) -> None:
        self.factors = factors

    @staticmethod
    def of(ledger: Ledger, jobs: Iterable[Job]) -> Pace:
        ratios: dict[tuple[str, ...], list[float]] = {}
        for job in jobs:
            done = ledger.done(job.digest)
            if done and job.cost.seconds > 0 and (done.get("updates") or done.get("forwards")):
                for key in ((job.kind, job.task), (job.kind,)):
                    ratios.setdefault(key, []).append(done["seconds"] / job.cost.seconds)
        return Pace({key: median(found) for key, found in ratios.items()})

    def seconds(self, job: Job) -> float:
        """Predicted seconds of a job."""
        factor = self.factors.get((job.kind, job.task), self.factors.get((job.kind,), 1.0))
        return factor * job.cost.seconds

    def is_measured(self, job: Job) -> bool:
        return (job.kind,) in self.factors


@dataclass(frozen=True)
class Standing:
    """One job's. attempt: the one that runs, or the last; reason: why it failed, what it waits for, or what a committed
    record lacks."""

    job: Job
    state: State
    attempts: int
    attempt: dict[str, Any] | None
    reason: str
    seconds: float


def standings(graph: Graph, ledger: Ledger) -> list[Standing]:
    """Of every job of a suite, in the order in which they can be run."""
    needed = {job.digest for job in graph.needed()}
    pace = Pace.of(ledger, graph.jobs.values())
    found: dict[str, Standing] = {}
    for digest, job in graph.jobs.items():
        attempts = ledger.attempts(digest)
        done = ledger.done(digest)
        state, reason = _state(graph, ledger, job, attempts, digest in needed, found)
        seconds = float(done["seconds"]) if done else pace.seconds(job)
        found[digest] = Standing(job, state, len(attempts), attempts[-1] if attempts else None, reason, seconds)
    return list(found.values())


def _state(
    graph: Graph,
    ledger: Ledger,
    job: Job,
    attempts: list[dict[str, Any]],
    needed: bool,
    before: dict[str, Standing],
) -> tuple[State, str]:
    if ledger.done(job.digest) is not None:
        return "done", ""
    if job.digest in graph.committed:
        return "committed", "; ".join(graph.committed[job.digest])
    if not needed:
        return "not needed", "all it would serve is committed"
    if attempts and ledger.is_claimed(job.digest):
        return "running", ""
    if job.digest in graph.conflicts:
        return "failed", f"another record is in its place: {graph.conflicts[job.digest]}"
    last = attempts[-1] if attempts else {}
    if last.get("outcome") in TRIED and last["outcome"] != "died":
        return "failed", str(last["reason"])
    stuck = [before[need].job.title for need in job.needs.values() if before[need].state in ("failed", "waiting")]
    if stuck:
        return "waiting", f"needs {stuck[0]}"
    return "left", "begun: it goes on where it stopped" if attempts else ""


def seconds_left(found: list[Standing], workers: int = 1) -> float:
    """Until all is done, on so many workers: each takes the next job whose needs are done."""
    return schedule_length([one for one in found if one.state in UNFINISHED], workers)


def schedule_length(found: list[Standing], workers: int) -> float:
    """Seconds from the first job to the last, without the time that running ones have run."""
    ends: dict[str, float] = {}
    free = [0.0] * max(1, workers)
    waiting = list(found)
    while waiting:
        place = min(range(len(free)), key=free.__getitem__)
        known = {one.job.digest for one in waiting}

        def begin(one: Standing, at: float = free[place]) -> float:
            return max([at, *(ends.get(need, 0.0) for need in one.job.needs.values())])

        ready = [one for one in waiting if not known & set(one.job.needs.values())]
        chosen = min(ready, key=begin)
        ends[chosen.job.digest] = free[place] = begin(chosen) + chosen.seconds
        waiting.remove(chosen)
    return max(ends.values(), default=0.0)
