"""The leaderboard: records in, one static site out.

build(submissions, output, metrics, methods) → output/index.html and the pages, pictures and files beside it

build        the order of a build                 alignment       how far the reasons agree
blueprint    what each of its parts is given      faithfulness    whether they name what models depend on
entry_files  all there is of one entry            robustness      what becomes of perturbed inputs
section_     all there is of one task             part_table      a column an explainer or a perturbation
  files                                           plot            headline against agreement, and the front
front        what speaks of all entries           standings_plot  the reasons between chance and retrained teachers
page         the board: sections, long or short   curves          a record → its curves
tables       a track → a table                    curves_plot     what is left while more and more is masked
columns      which scores, in which order         distributions   cosines of single examples
cells        a score → what a table cell shows    axes            what every picture is drawn with
ranks        what cannot be told apart            downloads       tracks as CSV, JSON, LaTeX; badges
facts        what the site knows of a task        model_card      results for a model card of the hub
suite_view   the mean over a suite                digest, cache   what a build remembers, and where
entry_page   an entry's own page                  workers         many things made at once
explorer     its explanations, one by one         render          a template and what it shows → a page
examples     them, where they may be shown        publish         write beside, then swap
reference_   a task's, metric's, method's or
  pages      explainer's page
"""

from __future__ import annotations

from xkd_bench.leaderboard.build import BuildReport, build

__all__ = ["BuildReport", "build"]
