"""`xkd-bench metrics`: what is measured, by which formula, from which paper."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="List and show metrics.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_metrics() -> None:
    """One line for each metric."""
    from xkd_bench.cli.views.console import print_shown
    from xkd_bench.metrics.registry import cards
    from xkd_bench.terminal.tables import plain_table

    table = plain_table("metric", "group", "of", "better", "what it says", wrapped="what it says")
    for card in cards().values():
        table.add_row(card.name, card.group, card.subject, card.direction, card.summary)
    print_shown(table)


@app.command("show")
def show(name: Annotated[str, typer.Argument(help="e.g. kappa")]) -> None:
    """Formula, range, direction and source of one metric."""
    from xkd_bench.metrics.registry import GROUP, cards
    from xkd_bench.plugins import find

    find(GROUP, name)
    card = cards()[name]
    low, high = card.range
    typer.echo(f"{card.title} ({card.name})\n{card.summary}\n\n{card.formula}\n")
    typer.echo(f"range      {'−∞' if low is None else low} … {'∞' if high is None else high}")
    typer.echo(f"better     {card.direction}")
    typer.echo(f"of         {card.subject}, {' and '.join(card.kinds)}")
    typer.echo(f"source     {card.citation}")
