"""All jobs of a suite, each after those it needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from xkd_bench.reference.jobs import Job
from xkd_bench.reference.suite import Suite


@dataclass
class Graph:
    """All jobs of a suite at a site, each after those it needs.

    committed: targets that stand in the output already → notes on how they differ from what would be made.
    conflicts: entries whose place holds another record → how it differs. locations: checkpoint → where it lies.
    """

    suite: Suite
    jobs: dict[str, Job] = field(default_factory=dict)
    targets: list[str] = field(default_factory=list)
    committed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    conflicts: dict[str, str] = field(default_factory=dict)
    locations: dict[str, str] = field(default_factory=dict)

    def add(self, job: Job) -> Job:
        return self.jobs.setdefault(job.digest, job)

    def target(self, job: Job) -> Job:
        self.add(job)
        if job.digest not in self.targets:
            self.targets.append(job.digest)
        return job

    def needed(self, finished: Iterable[str] = ()) -> list[Job]:
        """The jobs behind the targets that are not committed, in order; what only finished ones needed is left out."""
        done, wanted = set(finished), set()
        waiting = [digest for digest in self.targets if digest not in self.committed]
        while waiting:
            digest = waiting.pop()
            if digest not in wanted:
                wanted.add(digest)
                waiting += [] if digest in done else self.jobs[digest].needs.values()
        return [job for digest, job in self.jobs.items() if digest in wanted]
