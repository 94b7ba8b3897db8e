"""`xkd-bench leaderboard`: the static page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from xkd_bench.cli.options import Submissions

app = typer.Typer(help="Build the leaderboard.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Build the leaderboard."""


@app.command("build")
def build(
    submissions: Submissions = Path("submissions"),
    output: Annotated[Path, typer.Option(help="Folder for the page.")] = Path("leaderboard"),
    data_root: Annotated[
        Path | None, typer.Option(help="The data, for a board of your own that shows the examples themselves.")
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(help="Where unchanged entries are remembered; by default in the store.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Make every page again, whatever is remembered.")] = False,
) -> None:
    """Make the page from the records; it opens from disk."""
    from xkd_bench import leaderboard
    from xkd_bench.distillers import registry as distillers
    from xkd_bench.metrics.registry import cards
    from xkd_bench.records.store import default_store

    place = None if again else cache or default_store() / "board"
    report = leaderboard.build(
        submissions,
        output,
        cards(),
        distillers.cards(),
        data_root=data_root,
        cache=place,
        processes=os.cpu_count() or 1,
    )
    kept = f" ({report.kept} unchanged)" if report.kept else ""
    typer.echo(f"{report.entries} entries{kept}, {report.rows} rows, {report.tasks} tasks, {report.tracks} tracks")
    typer.echo(f"board: {report.page}")
