"""The leaderboard: records in, one static page out.

build(submissions, output, metrics) → output/index.html, output/assets/

facts       what the page knows of a task         alignment       how far the reasons agree
cells       a score → what a table cell shows     plot            headline against agreement
columns     which scores, in which order          alignment_plot  the reasons between chance and retrained teachers
tables      a track → a table                     axes            what every picture is drawn with
suite_view  the mean over a suite                 page            everything the templates get
publish     write beside, then swap
"""

from __future__ import annotations

from xkd_bench.leaderboard.build import BuildReport, build

__all__ = ["BuildReport", "build"]
