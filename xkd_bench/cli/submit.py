"""`xkd-bench submit`: is a submission folder in order?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Check submissions.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Check submissions."""


@app.command("check")
def check(folder: Annotated[Path, typer.Argument(help="A submission, e.g. submissions/my-method.")]) -> None:
    """Every file against its schema and its hash, every number against the committed table. No model is run."""
    from xkd_bench.engine.check import check_submission

    for line in check_submission(folder):
        typer.echo(line)
