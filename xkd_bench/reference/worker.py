"""One worker: takes the first job that is ready and free, makes it, and looks again, until nothing is left for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from xkd_bench.errors import BadInputError, DiskError
from xkd_bench.records.files import disk_errors
from xkd_bench.reference.jobs import Job
from xkd_bench.reference.ledger import Ledger
from xkd_bench.reference.status import Pace
from xkd_bench.reference.work import Place, do

LOOK_AGAIN_SECONDS = 0.3
State = Literal["done", "failed", "blocked", "ready", "waiting"]


@dataclass(frozen=True)
class Shift:
    """What a worker is given. jobs: digests, in order; tries: how often one is tried since `since`, the moment the run
    began. deadline: seconds of the clock since 1970 after which nothing is begun that is predicted to last longer."""

    place: Place
    jobs: tuple[str, ...]
    tries: int
    since: str
    deadline: float | None = None


def work_through(shift: Shift, name: str, tell: Callable[[str], None]) -> None:
    """Make jobs until none is left that this worker could make. tell: hears a line of each.

    Raises `DiskError` when nothing can be written any more: there is no sense in going on.
    """
    with disk_errors(shift.place.work, "what was finished is kept; the same command goes on from it"):
        ledger = shift.place.ledger
        jobs = {digest: ledger.job(digest) for digest in shift.jobs}
        while True:
            found = states(ledger, jobs, shift)
            if not any(state in ("ready", "waiting") for state in found.values()):
                return
            if not _take_one(shift, jobs, found, name, tell):
                if not _others_work(ledger, found):
                    return
                time.sleep(LOOK_AGAIN_SECONDS)


def states(ledger: Ledger, jobs: dict[str, Job], shift: Shift) -> dict[str, State]:
    """Where each job stands in this run; a job comes after those it needs."""
    found: dict[str, State] = {}
    for digest, job in jobs.items():
        needs = [found[need] if need in found else _finished(ledger, need) for need in job.needs.values()]
        if ledger.done(digest) is not None:
            found[digest] = "done"
        elif any(need in ("failed", "blocked") for need in needs):
            found[digest] = "blocked"
        elif ledger.tries(digest, shift.since) >= shift.tries:
            found[digest] = "failed"
        else:
            found[digest] = "ready" if all(need == "done" for need in needs) else "waiting"
    return found


def _finished(ledger: Ledger, digest: str) -> State:
    return "done" if ledger.done(digest) is not None else "waiting"


def _others_work(ledger: Ledger, found: dict[str, State]) -> bool:
    """Whether a job that is ready is in somebody's hands: what it makes may open others."""
    return any(state == "ready" and ledger.is_claimed(digest) for digest, state in found.items())


def _take_one(
    shift: Shift, jobs: dict[str, Job], found: dict[str, State], name: str, tell: Callable[[str], None]
) -> bool:
    """Make the first job that is ready, free and fits the time left; says whether there was one."""
    ledger = shift.place.ledger
    pace = Pace.of(ledger, jobs.values())
    for digest, job in jobs.items():
        if found[digest] != "ready" or not _fits(shift, pace.seconds(job)):
            continue
        with ledger.claimed(digest) as held:
            if not held:
                continue
            ledger.mark_dead(digest)
            if ledger.done(digest) is None and ledger.tries(digest, shift.since) < shift.tries:
                _make(shift, job, name, tell)
        return True
    return False


def _fits(shift: Shift, seconds: float) -> bool:
    return shift.deadline is None or time.time() + seconds <= shift.deadline


def _make(shift: Shift, job: Job, name: str, tell: Callable[[str], None]) -> None:
    """Try a held job once; a failure is noted where the attempt is, and told."""
    ledger, begun = shift.place.ledger, time.monotonic()
    tell(f"{job.title} …")
    try:
        with ledger.attempt(job.digest, name) as made:
            do(job, shift.place, made)
    except DiskError:
        raise
    except BadInputError as error:
        tell(f"{job.title}: cannot be made\n{error}")
    except Exception as error:  # whatever a library raises: it is noted, and tried again
        again = shift.tries - ledger.tries(job.digest, shift.since)
        tell(f"{job.title}: failed, {again} tries left: {type(error).__name__}: {error}")
    else:
        tell(f"{job.title}: {time.monotonic() - begun:.0f} s")
