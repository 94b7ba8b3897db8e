"""`xkd-bench distillers`: which methods can be trained by name."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="List and show distillation methods.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_distillers() -> None:
    """One line for each method."""
    from xkd_bench.cli.console import make_console, plain_table
    from xkd_bench.distillers.registry import cards

    table = plain_table("method", "presets", "what it does", wrapped="what it does")
    for name, card in cards().items():
        table.add_row(name, ", ".join(card["presets"]) or "–", card["summary"])
    make_console().print(table)


@app.command("show")
def show(name: Annotated[str, typer.Argument(help="e.g. vanilla_kd")]) -> None:
    """Formula, settings, presets, needs, cost and source of one method."""
    from xkd_bench.distillers.registry import GROUP
    from xkd_bench.plugins import card as card_of
    from xkd_bench.plugins import find

    card = card_of(find(GROUP, name))
    typer.echo(f"{card['title']} ({name})\n{card['summary']}\n\n{card['formula']}\n")
    typer.echo(f"needs      {'; '.join(card['needs'])}\ncost       {card['cost']}\nsource     {card['citation']}")
    for setting, meaning in card["settings"].items():
        typer.echo(f"--set {setting}=…   {meaning}")
    for preset, values in card["presets"].items():
        typer.echo(f"--preset {preset}   {', '.join(f'{key} = {value}' for key, value in values.items())}")
