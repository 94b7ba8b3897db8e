"""`submissions/` → the board's folder."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xkd_bench.errors import BadInputError
from xkd_bench.leaderboard.examples import Shown
from xkd_bench.leaderboard.publish import check_replaceable, publish
from xkd_bench.leaderboard.render import render
from xkd_bench.leaderboard.site import site_of
from xkd_bench.metrics.contract import MetricCard
from xkd_bench.records.audits import read_audit
from xkd_bench.records.submission import read_submissions


@dataclass(frozen=True)
class BuildReport:
    """What a build put on the page. rows: one student on one task; tracks: tables with a teacher."""

    page: Path
    entries: int
    tasks: int
    rows: int
    tracks: int


def build(
    submissions: Path,
    output: Path,
    metrics: Mapping[str, MetricCard],
    methods: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    official_teachers: Collection[str] = (),
    data_root: Path | None = None,
) -> BuildReport:
    """Build the static page of everything below `submissions` into the folder `output`.

    metrics: name → card; their order breaks ties in the order of columns. methods: the same of methods to distil.
    official_teachers: hashes of the pinned teachers; a track of any other one is called an unranked view. data_root:
    data in the hub's layout, for a board of one's own that shows the examples themselves. The same submissions give the
    same bytes.

    Raises `BadInputError` where a submission does not follow its schema, or where `output` holds something that no
    build wrote. A build that fails leaves the board before it in place.
    """
    if not submissions.is_dir():
        raise BadInputError(
            where=str(submissions),
            expected="a folder of submissions (it may be empty)",
            found="a file" if submissions.exists() else "nothing",
            fix="give the checkout's submissions/, or make the folder",
        )
    check_replaceable(output)
    entries = read_submissions(submissions)
    audits = {
        (entry.name, name): audit
        for entry in entries
        for name, task in entry.tasks.items()
        if (audit := read_audit(submissions, entry.name, task)) is not None
    }
    site = site_of(entries, metrics, methods or {}, official_teachers, audits, Shown(data_root))
    page = site.board
    publish(render(site), output)
    return BuildReport(
        page=output / "index.html",
        entries=len(entries),
        tasks=len(page.sections),
        rows=page.rows,
        tracks=page.tracks,
    )
