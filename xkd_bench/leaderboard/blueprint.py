"""What every part of a build is given, whichever process it runs in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xkd_bench.leaderboard.cache import Digests
from xkd_bench.leaderboard.facts import TaskFacts, facts_of_record
from xkd_bench.leaderboard.publish import Edition
from xkd_bench.metrics.contract import MetricCard
from xkd_bench.records.schema import TaskResult


@dataclass(frozen=True)
class Blueprint:
    """metrics, methods: name → card. registered: what is known of the tasks that are. entry_paths: entry → path of its
    page. summarised: whether the board is too long for one page."""

    submissions: Path
    edition: Edition
    digests: Digests
    metrics: Mapping[str, MetricCard]
    methods: Mapping[str, Mapping[str, Any]]
    official_teachers: frozenset[str]
    data_root: Path | None
    registered: Mapping[str, TaskFacts]
    entry_paths: Mapping[str, str]
    summarised: bool

    def facts(self, result: TaskResult) -> TaskFacts:
        return self.registered.get(result.task.name) or facts_of_record(result.task)


@dataclass
class Anchors:
    """Hands out ids: letters, digits and dashes only, each one once, the same ones for the same page."""

    taken: set[str] = field(default_factory=set)

    def new(self, *parts: str) -> str:
        plain = "-".join(re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-")[:80] for part in parts)
        found, count = plain, 1
        while found in self.taken:
            count += 1
            found = f"{plain}-{count}"
        self.taken.add(found)
        return found


def paths_of_entries(names: Sequence[str]) -> dict[str, str]:
    """Entry → path of its page."""
    anchors = Anchors()
    return {name: f"entries/{anchors.new('entry', name).removeprefix('entry-')}.html" for name in names}
