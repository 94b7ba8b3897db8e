"""Options that several verbs share, spelled once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DataRoot = Annotated[
    Path | None,
    typer.Option(
        help="Folder in the hub's layout (glue/cola/validation-*.parquet …). Default: XKD_BENCH_DATA, else the hub."
    ),
]
StoreRoot = Annotated[
    Path | None,
    typer.Option("--store", help="Where measurements are kept. Default: XKD_BENCH_STORE, else the platform's cache."),
]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
DtypeName = Annotated[str, typer.Option("--dtype", help="float32 or bfloat16.")]
TokenBudget = Annotated[int | None, typer.Option(help="Tokens in one batch: changes the speed, never a number.", min=8)]
Submissions = Annotated[Path, typer.Option(help="Folder of submissions.")]
