"""`xkd-bench distillers`: which methods can be trained by name."""

from __future__ import annotations

from typing import Annotated, Any

import typer

app = typer.Typer(help="List and show distillation methods.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_distillers() -> None:
    """One line for each method."""
    from xkd_bench.cli.views.console import print_shown
    from xkd_bench.distillers.registry import cards
    from xkd_bench.terminal.tables import plain_table

    table = plain_table("method", "presets", "what it does", wrapped="what it does")
    for name, card in cards().items():
        table.add_row(name, ", ".join(card["presets"]) or "–", card["summary"])
    print_shown(table)


@app.command("show")
def show(name: Annotated[str, typer.Argument(help="e.g. vanilla_kd")]) -> None:
    """Formula, settings, presets, needs, cost and source of one method."""
    from xkd_bench.cli.views.console import make_console
    from xkd_bench.distillers.registry import GROUP, load
    from xkd_bench.plugins import card as card_of
    from xkd_bench.plugins import find
    from xkd_bench.terminal.tables import plain_table

    card, console = card_of(find(GROUP, name)), make_console()
    typer.echo(f"{card['title']} ({name})\n{card['summary']}\n\n{card['formula']}\n")
    typer.echo(f"needs      {'; '.join(card['needs'])}")
    typer.echo(f"cost       {card['cost']} (time of a step, vanilla_kd = 1)")
    typer.echo(f"source     {card['citation']}\n")
    fields = load(name).settings_type.model_fields
    if fields:
        table = plain_table("setting", "default", "meaning", wrapped="meaning")
        for setting, field in fields.items():
            table.add_row(f"--set {setting}=", str(field.default), card["settings"].get(setting, ""))
        console.print(table)
    for preset, parts in card["presets"].items():
        rows = parts.get("tasks", {"": parts})
        common = {**parts.get("settings", {}), **parts.get("training", {})} if "tasks" in parts else {}
        console.print(f"\n--preset {preset}" + (f"  {_values(common)}" if common else ""), soft_wrap=True)
        columns = list(dict.fromkeys(key for row in rows.values() for key in _flat(row)))
        table = plain_table(*(["task"] if "tasks" in parts else []), *columns)
        for task, row in rows.items():
            values = [_shown(_flat(row).get(key)) for key in columns]
            table.add_row(*([task] if "tasks" in parts else []), *values)
        console.print(table)


def _flat(parts: dict[str, Any]) -> dict[str, Any]:
    return {**parts.get("settings", {}), **parts.get("training", {})}


def _values(values: dict[str, Any]) -> str:
    return ", ".join(f"{key} = {_shown(value)}" for key, value in values.items())


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)
