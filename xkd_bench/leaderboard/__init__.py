"""The leaderboard: records in, one static page out.

build(submissions, output, metrics) → output/index.html, output/assets/

facts       what the page knows of a task         alignment       how far the reasons agree
cells       a score → what a table cell shows     faithfulness    whether they name what models depend on
columns     which scores, in which order          plot            headline against agreement
tables      a track → a table                     alignment_plot  the reasons between chance and retrained teachers
suite_view  the mean over a suite                 curves_plot     what is left while more and more is masked
publish     write beside, then swap               axes            what every picture is drawn with
page        everything the templates get          curves          a record → its curves
part_table  a column an explainer or a            robustness      what becomes of perturbed inputs
            perturbation
"""

from __future__ import annotations

from xkd_bench.leaderboard.build import BuildReport, build

__all__ = ["BuildReport", "build"]
