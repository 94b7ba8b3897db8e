"""`xkd-bench curves`: what is left of an answer while more and more of its input is masked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def curves(
    folder: Annotated[
        Path,
        typer.Argument(help="A task's folder of a submission, e.g. submissions/my-method/glue/sst2."),
    ],
    html: Annotated[Path | None, typer.Option(help="Write the curves as one standalone page, e.g. page.html.")] = None,
    measure: Annotated[str, typer.Option(help="What is left: probability, agreement or accuracy.")] = "probability",
) -> None:
    """Show how faithful each explanation is: masking in its order, against random order. No model is run."""
    from xkd_bench.cli.pages.curves import write_page
    from xkd_bench.cli.views.curves import print_curves
    from xkd_bench.errors import BadInputError
    from xkd_bench.records.masking_table import MEASURES
    from xkd_bench.records.submission import read_one_task

    chosen = next((known for known in MEASURES if known == measure), None)
    if chosen is None:
        raise BadInputError(
            where="--measure",
            expected=f"one of {', '.join(MEASURES)}",
            found=repr(measure),
            fix="choose one of these",
        )
    submission, entry = read_one_task(folder)
    if entry.result.faithfulness is None:
        raise BadInputError(
            where=str(entry.folder / "record.json"),
            expected="a record with faithfulness",
            found="a record without it",
            fix="evaluate again: with a teacher, without --no-explanations, under protocol quick or standard",
        )
    if html is None:
        print_curves(entry.result, entry.result.faithfulness, chosen)
        return
    write_page(submission.card.name, entry.result, chosen, html)
    typer.echo(f"page: {html}")
