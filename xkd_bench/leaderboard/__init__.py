"""The leaderboard: records in, one static site out.

build(submissions, output, metrics, methods) → output/index.html and the pages, pictures and files beside it

site        all pages, and the files beside them  alignment       how far the reasons agree
page        the board: sections, long or short    faithfulness    whether they name what models depend on
tables      a track → a table                     robustness      what becomes of perturbed inputs
columns     which scores, in which order          part_table      a column an explainer or a perturbation
cells       a score → what a table cell shows     plot            headline against agreement
facts       what the site knows of a task         alignment_plot  the reasons between chance and retrained teachers
suite_view  the mean over a suite                 curves          a record → its curves
entry_page  an entry's own page                   curves_plot     what is left while more and more is masked
explorer    its explanations, one by one          axes            what every picture is drawn with
examples    the examples, where they may be shown distributions   cosines of single examples
                                                  downloads       tracks as CSV, JSON, LaTeX; badges
reference_  a task's, metric's, method's or       model_card      results for a model card of the hub
  pages     explainer's page                      publish         write beside, then swap
"""

from __future__ import annotations

from xkd_bench.leaderboard.build import BuildReport, build

__all__ = ["BuildReport", "build"]
