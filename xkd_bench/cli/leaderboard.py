"""`xkd-bench leaderboard`: the static page."""

from __future__ import annotations

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
) -> None:
    """Make the page from the records; it opens from disk."""
    from xkd_bench import leaderboard
    from xkd_bench.distillers import registry as distillers
    from xkd_bench.metrics.registry import cards

    report = leaderboard.build(submissions, output, cards(), distillers.cards(), data_root=data_root)
    typer.echo(f"{report.entries} entries, {report.rows} rows, {report.tasks} tasks, {report.tracks} tracks")
    typer.echo(f"board: {report.page}")
