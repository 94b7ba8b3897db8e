"""`xkd-bench robustness`: scores under perturbation, a model a column, beside what papers print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def robustness(
    folders: Annotated[
        list[Path],
        typer.Argument(help="A task's folder of one or more submissions, e.g. submissions/my-method/glue/sst2."),
    ],
    reported: Annotated[bool, typer.Option(help="Show what papers print for this task, too.")] = True,
    markdown: Annotated[bool, typer.Option(help="Print the table as Markdown.")] = False,
) -> None:
    """Show the headline score on perturbed inputs, mean ± s.d. over draws. No model is run."""
    from xkd_bench.cli.views.robustness import print_scores
    from xkd_bench.records.submission import read_one_task

    print_scores([read_one_task(folder) for folder in folders], with_reported=reported, markdown=markdown)
