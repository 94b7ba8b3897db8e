"""`xkd-bench perturbations`: how inputs are perturbed, and how strongly."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="List and show perturbations.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_perturbations() -> None:
    """One line for each perturbation."""
    from xkd_bench.cli.views.console import print_shown
    from xkd_bench.perturbations.registry import cards
    from xkd_bench.terminal.tables import plain_table

    table = plain_table("perturbation", "of", "what it does", wrapped="what it does")
    for card in cards().values():
        table.add_row(card.name, card.modality, card.summary)
    print_shown(table)


@app.command("show")
def show(name: Annotated[str, typer.Argument(help="e.g. keyboard_typo")]) -> None:
    """What one perturbation does at each strength, and its source."""
    from xkd_bench.perturbations.registry import card

    found = card(name)
    typer.echo(f"{found.title} ({found.name})\n{found.summary}\n")
    typer.echo(f"{'single edit' if found.paper else 'severity':<13}{found.single_edit}")
    if found.paper:
        typer.echo(f"{'paper':<13}{found.paper}")
    typer.echo(f"{'source':<13}{found.citation}")
