"""`xkd-bench compare`: is B better than A?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def compare(
    entries: Annotated[
        list[str],
        typer.Argument(
            help="Submissions, or task folders inside them; each is held against the first. "
            "Students of one method with several seeds: A1,A2,A3."
        ),
    ],
    task: Annotated[str | None, typer.Option(help="One task of submissions with several, e.g. sst2.")] = None,
    metrics: Annotated[
        str | None,
        typer.Option(help="Scores or families of them, e.g. kappa,centred_cosine,flip_kappa.word_swap."),
    ] = None,
    margin: Annotated[
        list[str] | None,
        typer.Option(help="A difference that does not matter, e.g. --margin kappa=0.05. Repeatable."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    markdown: Annotated[Path | None, typer.Option(help="Write the tables as Markdown.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write one standalone page, e.g. page.html.")] = None,
) -> None:
    """Is B better than A? Values, paired differences with intervals, and a verdict for each score. No model is run.

    Better and worse need an adjusted p-value below .05; equivalent needs a --margin.
    """
    from xkd_bench.verdicts.folders import compare_folders, names_of, seeds_of

    outcome = compare_folders([seeds_of(one) for one in entries], task, names_of(metrics), _margins(margin or []))
    if markdown is not None:
        from xkd_bench.cli.pages.standalone import write
        from xkd_bench.verdicts.markdown import outcome_markdown

        write(markdown, outcome_markdown(outcome), "the records are untouched")
    if html is not None:
        from xkd_bench.cli.pages.compare import write_page

        write_page(outcome, html)
    if as_json:
        from xkd_bench.verdicts.as_json import as_text

        typer.echo(as_text(outcome), nl=False)
        return
    from xkd_bench.cli.views.console import print_shown
    from xkd_bench.terminal.comparison import outcome_view

    print_shown(*outcome_view(outcome))
    for path in (markdown, html):
        if path is not None:
            typer.echo(f"written: {path}")


def _margins(given: list[str]) -> dict[str, float]:
    from xkd_bench.errors import BadInputError

    margins = {}
    for one in given:
        name, _, value = one.partition("=")
        try:
            margins[name.strip()] = float(value)
        except ValueError:
            raise BadInputError(
                where="--margin", expected="NAME=VALUE", found=repr(one), fix="e.g. --margin kappa=0.05"
            ) from None
    return margins
