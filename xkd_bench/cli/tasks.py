"""`xkd-bench tasks`: which tasks there are, what one is, and whether its data is the official one."""

from __future__ import annotations

from typing import Annotated

import typer

from xkd_bench.cli.options import DataRoot

app = typer.Typer(help="List, show and check tasks.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_tasks() -> None:
    """One line for each task."""
    from xkd_bench.cli.views.console import print_shown
    from xkd_bench.tasks.registry import all_tasks
    from xkd_bench.terminal.tables import plain_table

    table = plain_table("task", "kind", "headline", "pinned", "what it asks", wrapped="what it asks")
    for task in all_tasks().values():
        card = task.card
        kind = (
            f"{card.modality}, {card.classes} classes"
            if card.kind == "classification"
            else f"{card.modality}, regression"
        )
        pinned = ", ".join(card.data.fingerprints) or "–"
        table.add_row(card.name, kind, card.headline, pinned, card.summary)
    print_shown(table)


@app.command("show")
def show(name: Annotated[str, typer.Argument(help="e.g. cola, glue/cola or ./mine.toml")]) -> None:
    """The task file itself, and where it lies."""
    from xkd_bench.tasks.registry import find_task

    task = find_task(name)
    typer.echo(f"# {task.path}")
    typer.echo(task.path.read_text(encoding="utf-8"), nl=False)


@app.command("check")
def check(
    names: Annotated[list[str] | None, typer.Argument(help="Tasks to check. Default: all.")] = None,
    data_root: DataRoot = None,
) -> None:
    """Read both splits of each task and print their fingerprints; exit 2 if data is refused."""
    from rich.text import Text

    from xkd_bench.cli.views.console import print_shown
    from xkd_bench.errors import BadInputError
    from xkd_bench.progress import progress
    from xkd_bench.tasks.loading import data_root as root_of
    from xkd_bench.tasks.loading import load, split_name
    from xkd_bench.tasks.registry import all_tasks, find_task
    from xkd_bench.terminal.tables import plain_table

    chosen = [find_task(name) for name in names] if names else list(all_tasks().values())
    table = plain_table("task", "split", "rows", "fingerprint", "official", wrapped="official", right=("rows",))
    refused = 0
    with progress("tasks check", 2 * len(chosen), "splits") as shown:
        for task in chosen:
            for role in ("train", "evaluation"):
                try:
                    split = split_name(task, role)
                    examples = load(task, role, root_of(data_root))
                except BadInputError as error:
                    refused += 1
                    table.add_row(task.name, role, "", "", Text(f"no: {error.found}", style="red"))
                else:
                    pinned = "yes, as pinned" if split in task.card.data.fingerprints else "not pinned"
                    table.add_row(task.name, split, str(len(examples)), examples.fingerprint[7:23] + "…", pinned)
                shown.advance()
    print_shown(table)
    if refused:
        typer.echo(f"{refused} of {2 * len(chosen)} splits could not be used", err=True)
        raise typer.Exit(2)
