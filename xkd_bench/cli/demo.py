"""`xkd-bench demo`: see it work in two minutes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    output: Annotated[Path, typer.Option(help="Folder for models, records and the board.")] = Path("xkd-bench-demo"),
) -> None:
    """Train small teachers and students on data that needs no download, judge them, build a board."""
    from xkd_bench.demo import run

    run(output)
