"""Run a suite: its jobs written down, workers sent, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from xkd_bench.errors import BadInputError
from xkd_bench.records.files import disk_errors
from xkd_bench.reference.graph import Graph
from xkd_bench.reference.ledger import now
from xkd_bench.reference.site import Site
from xkd_bench.reference.status import UNFINISHED, Standing, standings
from xkd_bench.reference.suite import read_suite
from xkd_bench.reference.suite_graph import build_graph
from xkd_bench.reference.work import Place, publish
from xkd_bench.reference.worker import Shift

KEPT = "what was finished is kept; the same command goes on from it"


@dataclass(frozen=True)
class Manner:
    """How a suite is run. budget: seconds after which nothing is begun any more. address: of a Ray cluster. tasks: of
    the suite, those that are run; all where none is named."""

    workers: int = 1
    tries: int = 3
    budget: float | None = None
    executor: Literal["local", "ray"] = "local"
    address: str | None = None
    tasks: tuple[str, ...] = ()


def run_suite(name: str, site: Site, store: Path, manner: Manner, tell: Callable[[str], None]) -> list[Standing]:
    """Make what is not there yet, and say where every job stands then.

    Raises `BadInputError` for a suite that cannot be run, before anything is, and `DiskError` for a full disk.
    """
    began = time.time()
    suite, folder = read_suite(name, manner.tasks)
    with disk_errors(site.ledger.root, KEPT):
        site.ledger.root.mkdir(parents=True, exist_ok=True)
        graph = build_graph(suite, folder, site)
        _refuse_conflicts(graph)
        place = Place(
            site.ledger.root.resolve(),
            store.resolve(),
            site.output.resolve(),
            site.data_root.resolve() if site.data_root else None,
            site.device,
            graph.locations,
        )
        jobs = _write_down(graph, site, place)
    deadline = None if manner.budget is None else began + manner.budget
    shift = Shift(place, tuple(jobs), manner.tries, now(), deadline)
    left = sum(site.ledger.done(digest) is None for digest in jobs)
    if left:
        tell(f"{suite.name}: {left} jobs to do, {len(graph.committed)} records and tables are there")
        _send(shift, min(manner.workers, left), manner, tell)
    return standings(build_graph(suite, folder, site), site.ledger)


def _refuse_conflicts(graph: Graph) -> None:
    """A record of something else is never replaced."""
    for digest, how in graph.conflicts.items():
        place, _, other = how.partition(": ")
        raise BadInputError(
            where=place,
            expected=f"no record, or that of {graph.jobs[digest].title}",
            found=f"another; {other}",
            fix="give the teacher, student or method of the suite a name of its own (suffix, entry), "
            "or name another --output",
        )


def _write_down(graph: Graph, site: Site, place: Place) -> Sequence[str]:
    """The jobs that are needed, in order; finished ones are put where everyone looks for them."""
    finished = [digest for digest in graph.jobs if site.ledger.done(digest) is not None]
    for digest in finished:
        if digest in graph.targets:
            publish(graph.jobs[digest], place)
    needed = graph.needed(finished)
    for job in needed:
        site.ledger.add(job)
    return [job.digest for job in needed]


def _send(shift: Shift, workers: int, manner: Manner, tell: Callable[[str], None]) -> None:
    if manner.executor == "ray":
        from xkd_bench.reference.cluster import run_on_cluster

        run_on_cluster(shift, workers, manner.address, tell)
        return
    from xkd_bench.reference.local import run_locally

    run_locally(shift, workers, tell)


def failed(found: list[Standing]) -> list[Standing]:
    """What could not be made."""
    return [one for one in found if one.state == "failed"]


def unfinished(found: list[Standing]) -> list[Standing]:
    return [one for one in found if one.state in UNFINISHED]
