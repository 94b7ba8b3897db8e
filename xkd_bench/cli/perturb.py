"""`xkd-bench perturb`: what a perturbation does to a task's examples, before and after."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xkd_bench.cli.options import DataRoot


def perturb(
    task: Annotated[str, typer.Option(help="A task's name, or a .toml of your own.")],
    perturbation: Annotated[str, typer.Option(help="A name: see `xkd-bench perturbations list`.")],
    show: Annotated[int, typer.Option(help="How many examples, chosen by a hash of the id.", min=1, max=200)] = 5,
    example: Annotated[
        list[str] | None, typer.Option(help="The id of an example of the evaluation split instead. Repeatable.")
    ] = None,
    strength: Annotated[str, typer.Option(help="Of texts: single_edit, or paper.")] = "single_edit",
    draw: Annotated[int, typer.Option(help="Which draw, counted from 0.", min=0)] = 0,
    html: Annotated[Path | None, typer.Option(help="Also write one standalone page, e.g. page.html.")] = None,
    data_root: DataRoot = None,
) -> None:
    """Show examples before and after a perturbation, the very inputs an evaluation asks. No model is run."""
    from xkd_bench.cli.pages.perturb import write_page
    from xkd_bench.cli.perturbed_examples import Wish, perturbed_examples
    from xkd_bench.cli.views.perturb import print_examples
    from xkd_bench.tasks.loading import data_root as root_of

    found = perturbed_examples(Wish(task, perturbation, strength, draw, show, tuple(example or ())), root_of(data_root))
    print_examples(found, has_page=html is not None)
    if html is not None:
        write_page(found, html)
        typer.echo(f"page: {html}")
