"""`xkd-bench reference`: teachers against which everybody's students are judged, and the suites that make them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xkd_bench.cli import reference_suite
from xkd_bench.cli.options import DataRoot, StoreRoot, Submissions

app = typer.Typer(help="Run the suites of the reference board.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _reference() -> None:
    """Run the suites of the reference board."""


app.command("run")(reference_suite.run)
app.command("status")(reference_suite.status)


@app.command("keep")
def keep(
    teacher: Annotated[str, typer.Argument(help="The teacher: a model folder or a hub id.")],
    name: Annotated[str, typer.Argument(help="What others will call it: --teacher reference:NAME.")],
    output: Annotated[
        Path | None, typer.Option(help="Folder to write. Default: submissions/reference/teachers/NAME.")
    ] = None,
    store: StoreRoot = None,
) -> None:
    """Write all measurements of a teacher, with its config and tokenizer, so that students are judged against it
    without its weights."""
    from xkd_bench.models.checkpoint import open_checkpoint
    from xkd_bench.models.checkpoint_files import PROCESSOR_FILES, TOKENIZER_FILES
    from xkd_bench.records.reference_tables import keep as write
    from xkd_bench.records.store import default_store

    checkpoint = open_checkpoint(teacher)
    files = [checkpoint.folder / part for part in ("config.json", *TOKENIZER_FILES, *PROCESSOR_FILES)]
    folder = output or Path("submissions") / "reference" / "teachers" / name
    record = write(
        store or default_store(),
        checkpoint.hash,
        name,
        checkpoint.parameters,
        checkpoint.bytes,
        [path for path in files if path.is_file()],
        folder,
    )
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    counts = ", ".join(f"{count} of {probe}" for probe, count in sorted(record.tables.items()))
    typer.echo(f"kept: {counts}; {size / 1e6:.1f} MB\nfolder: {folder}")
    typer.echo(f"next: xkd-bench evaluate STUDENT --teacher reference:{name}")


@app.command("ceiling")
def ceiling(
    name: Annotated[str, typer.Argument(help="The teacher, kept as NAME; retrained ones as NAME-retrained-1, …")],
    submissions: Submissions = Path("submissions"),
    data_root: DataRoot = None,
    store: StoreRoot = None,
) -> None:
    """Give records that were made before their teacher was trained again the ceiling that these trainings make. No
    model is run."""
    from xkd_bench.engine.ceiling import give_ceiling
    from xkd_bench.records.store import Store, default_store
    from xkd_bench.tasks.loading import data_root as root_of

    written = 0
    for folder in give_ceiling(name, submissions, root_of(data_root), Store(store or default_store())):
        typer.echo(f"✓ {folder}")
        written += 1
    typer.echo(f"records written again: {written}")
