"""The leaderboard: records in, one static site out.

build(submissions, output, metrics, methods) → output/index.html and the pages, pictures and files beside it

build          the order of a build              pages/      the board, an entry, its explanations one by one,
blueprint      what each of its parts is given               the claims; a task, metric, method or explainer
entry_files    all there is of one entry         tables/     a track → its tables, and what its pictures show
section_files  all there is of one task          plots/      pictures, as the geometry of an SVG
claim_files    the claims, held against entries  templates/  how pages and pictures look
front          what speaks of all entries
columns        which scores, in which order
cells          a score → what a cell shows       digest, cache  what a build remembers, and where
ranks          what cannot be told apart         workers        many things made at once
facts          what the site knows of a task     render         a template and what it shows → a page
examples       them, where they may be shown     publish        write beside, then swap
downloads      tracks as CSV, JSON, LaTeX        model_card     results for a model card of the hub
"""

from __future__ import annotations

from xkd_bench.leaderboard.build import BuildReport, build

__all__ = ["BuildReport", "build"]
