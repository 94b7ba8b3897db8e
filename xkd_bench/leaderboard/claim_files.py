"""The page of claims, and how many came out which way; made again where a reference entry changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from xkd_bench.leaderboard.blueprint import Blueprint
from xkd_bench.leaderboard.pages.claims import claims_page
from xkd_bench.leaderboard.render import page as render_page
from xkd_bench.records.submission import read_submission
from xkd_bench.tasks.claims import claims_of_papers
from xkd_bench.verdicts.claims import judge_claims

PAGE, COUNTS = "claims.html", "claims-counts.json"


@dataclass(frozen=True)
class ClaimFiles:
    """counts: verdict → how many claims have it; none where no reference entry could be held against any."""

    files: Mapping[str, bytes]
    counts: Mapping[str, int]


def make(references: Mapping[str, str], blueprint: Blueprint) -> ClaimFiles:
    """references: reference entry → hash of its contents, all that a verdict follows from."""
    papers = claims_of_papers()
    made_from = [references, [paper.model_dump() for paper in papers]]
    page, counts = (blueprint.digests.page(name, made_from) for name in (PAGE, COUNTS))
    if page is None or counts is None:
        entries = [read_submission(blueprint.submissions / name, name) for name in references]
        found = claims_page(judge_claims(papers, entries), blueprint.metrics)
        page = render_page("claims.html.j2", PAGE, claims=found)
        told = {kind: count for kind, _, count in found.counts} if found.measured else {}
        counts = json.dumps(told).encode()
        for name, contents in ((PAGE, page), (COUNTS, counts)):
            blueprint.digests.write_page(name, made_from, contents)
    return ClaimFiles({PAGE: page}, json.loads(counts))
