"""All verbs in one place. Importing this imports typer and our thin verb files, nothing else."""

from __future__ import annotations

from typing import Annotated

import typer

from xkd_bench import __version__
from xkd_bench.cli import (
    card,
    check,
    compare,
    curves,
    demo,
    distill,
    distillers,
    evaluate,
    explain,
    explainers,
    leaderboard,
    metrics,
    perturb,
    perturbations,
    plugin,
    reference,
    robustness,
    submit,
    tasks,
    verify,
)

app = typer.Typer(
    name="xkd-bench",
    help="Did the student learn the teacher's answers, or the teacher's reasons?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"xkd-bench {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop."),
    ] = False,
) -> None:
    """Did the student learn the teacher's answers, or the teacher's reasons?"""


app.command("demo")(demo.demo)
app.command("evaluate")(evaluate.evaluate)
app.command("explain")(explain.explain)
app.command("curves")(curves.curves)
app.command("perturb")(perturb.perturb)
app.command("robustness")(robustness.robustness)
app.command("compare")(compare.compare)
app.command("check")(check.check)
app.command("distill", cls=distill.DistillCommand)(distill.distill)
app.add_typer(tasks.app, name="tasks")
app.add_typer(metrics.app, name="metrics")
app.add_typer(explainers.app, name="explainers")
app.add_typer(perturbations.app, name="perturbations")
app.add_typer(distillers.app, name="distillers")
app.add_typer(reference.app, name="reference")
app.add_typer(plugin.app, name="plugin")
app.add_typer(leaderboard.app, name="leaderboard")
app.add_typer(submit.app, name="submit")
app.command("verify")(verify.verify)
app.command("card")(card.card)
