"""`xkd-bench explainers`: which explanations are compared, by which formula, from which paper."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="List and show explainers.", no_args_is_help=True, rich_markup_mode=None)

READS = {"coalitions": "maskings of the words", "model": "the model itself", "nothing": "nothing: a control"}


@app.command("list")
def list_explainers() -> None:
    """One line for each explainer."""
    from xkd_bench.cli.views.console import print_shown
    from xkd_bench.explainers.registry import cards
    from xkd_bench.terminal.tables import plain_table

    table = plain_table("explainer", "reads", "what it says", wrapped="what it says")
    for card in cards().values():
        table.add_row(card.name, READS[card.reads], card.summary)
    print_shown(table)


@app.command("show")
def show(name: Annotated[str, typer.Argument(help="e.g. lime")]) -> None:
    """Formula and source of one explainer."""
    from xkd_bench.explainers.registry import card

    found = card(name)
    typer.echo(f"{found.title} ({found.name})\n{found.summary}\n\n{found.formula}\n")
    typer.echo(f"reads      {READS[found.reads]}")
    typer.echo(f"source     {found.citation}")
