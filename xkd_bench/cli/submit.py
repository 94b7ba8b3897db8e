"""`xkd-bench submit`: begin a submission, and look whether one is in order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xkd_bench.cli.options import Submissions

if TYPE_CHECKING:
    from xkd_bench.engine.check import Checked

app = typer.Typer(help="Begin and check submissions.", no_args_is_help=True, rich_markup_mode=None)

MOST_SHOWN = 20  # findings of one submission in the terminal; --json has them all
WRONG = 1


@app.callback()
def _group() -> None:
    """Begin and check submissions."""


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="The entry's name, e.g. my-method: its folder is called so.")],
    method: Annotated[str | None, typer.Option(help="The method, as `distillers list` or your paper calls it.")] = None,
    summary: Annotated[str | None, typer.Option(help="One sentence: what was trained, on what.")] = None,
    author: Annotated[list[str] | None, typer.Option(help="Who is to be named. Repeatable.")] = None,
    link: Annotated[list[str] | None, typer.Option(help="e.g. --link paper=https://… Repeatable.")] = None,
    citation: Annotated[str | None, typer.Option(help="A BibTeX file.")] = None,
    submissions: Submissions = Path("submissions"),
) -> None:
    """Make the folder and its submission.toml. In a terminal, what is left out is asked for."""
    import sys

    from xkd_bench.records.new_submission import Answers, read_citation, read_links, write_new

    ask = sys.stdin.isatty()

    def answer(given: str | None, question: str, default: str) -> str:
        return given if given is not None else typer.prompt(question, default=default) if ask else default

    authors = author or [one.strip() for one in answer(None, "Authors, separated by ';'", "").split(";") if one.strip()]
    answers = Answers(
        name=name,
        method=answer(method, "Method", name),
        summary=answer(summary, "Summary, one sentence", ""),
        authors=tuple(authors),
        links=read_links(link or []),
        citation=read_citation(citation),
    )
    folder = write_new(submissions, answers)
    typer.echo(f"{folder / 'submission.toml'}\nnext: xkd-bench evaluate CHECKPOINT --output {folder}")


@app.command("check")
def check(
    folders: Annotated[list[Path], typer.Argument(help="Submissions, e.g. submissions/my-method.")],
    as_json: Annotated[bool, typer.Option("--json", help="All findings as JSON, for a script.")] = False,
) -> None:
    """Names, sizes, schemas, hashes, and every number against the committed tables. No model is run.

    Exit code 1 where anything is wrong; each finding has a code that a script may rely on.
    """
    from xkd_bench.engine.check import check_submission

    checked = [check_submission(folder) for folder in folders]
    if as_json:
        _print_json(checked)
    else:
        for one in checked:
            print_checked(one)
    if any(one.findings for one in checked):
        raise typer.Exit(WRONG)


def _print_json(checked: list[Checked]) -> None:
    import json
    from dataclasses import asdict

    told = [
        {"folder": str(one.folder), "in_order": one.tasks, "findings": [asdict(finding) for finding in one.findings]}
        for one in checked
    ]
    typer.echo(json.dumps(told, indent=1))


def print_checked(checked: Checked) -> None:
    """A line for each task in order, four for each finding."""
    from xkd_bench.records.findings import CODES

    for task, scores in checked.tasks.items():
        typer.echo(f"✓ {task}: schema, hashes and {scores} scores in order")
    for finding in checked.findings[:MOST_SHOWN]:
        typer.echo(f"✗ {finding.code}: {CODES[finding.code]}\n    in        {finding.where}")
        typer.echo(f"    expected  {finding.expected}\n    found     {finding.found}\n    to do     {finding.fix}")
    if (more := len(checked.findings) - MOST_SHOWN) > 0:
        typer.echo(f"… and {more} more (--json has them all)")
    if checked.findings:
        typer.echo(f"{checked.folder}: {len(checked.findings)} found")
