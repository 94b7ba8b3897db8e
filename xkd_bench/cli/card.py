"""`xkd-bench card`: a submission's results as a model card on the Hugging Face hub takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def card(
    folder: Annotated[Path, typer.Argument(help="A submission, e.g. submissions/my-method.")],
    source: Annotated[str | None, typer.Option(help="Address of the entry's page, to be named as the source.")] = None,
) -> None:
    """Print the `model-index` block for the front matter of a model card."""
    from xkd_bench.leaderboard.model_card import model_index
    from xkd_bench.metrics.registry import cards
    from xkd_bench.records.submission import read_submission

    typer.echo(model_index(read_submission(folder), cards(), source).rstrip())
