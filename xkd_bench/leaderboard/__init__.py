"""The leaderboard: records in, one static page out.

build(submissions, output, metrics) → output/index.html, output/assets/

facts    what the page knows of a task         suite_view  the mean over a suite
cells    a score → what a table cell shows     plot        headline against agreement
columns  which scores, in which order          page        everything the templates get
tables   a track → a table                     publish     write beside, then swap
axes     what every picture is drawn with
"""

from __future__ import annotations

from xkd_bench.leaderboard.build import BuildReport, build

__all__ = ["BuildReport", "build"]
