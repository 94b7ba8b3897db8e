"""`xkd-bench check`: did a change harm alignment?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from xkd_bench.verdicts.gate import GateOutcome


def check(
    candidate: Annotated[Path, typer.Argument(help="A submission, or a task's folder inside one.")],
    baseline: Annotated[Path, typer.Option(help="The entry it must not fall behind.")],
    margins: Annotated[
        str | None,
        typer.Option(
            help="A TOML file of margins, or text, images or regression. Default: what the examples could show."
        ),
    ] = None,
    task: Annotated[str | None, typer.Option(help="One task of submissions with several, e.g. sst2.")] = None,
    allow_undecided: Annotated[
        bool, typer.Option("--allow-undecided", help="Let pass what is undecided, as long as something is decided.")
    ] = False,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML.")] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Write a summary, with the examples whose reason changed.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write everything as JSON.")] = None,
) -> None:
    """Stop a student that kept its accuracy and lost its reasons. No model is run.

    A score passes when the lower end of the paired difference is above −margin, and fails when the interval lies below
    0 and the difference below −margin. Exit code 0: all pass; 1: one fails; 2: undecided, missing, undefined, too few
    examples, another track.
    """
    from xkd_bench.cli.pages.standalone import write
    from xkd_bench.errors import BadInputError
    from xkd_bench.verdicts.folders import gate_folders
    from xkd_bench.verdicts.gate_reports import error_junit

    try:
        outcome = gate_folders(candidate, baseline, margins, task)
    except BadInputError as error:
        if junit is not None:
            write(junit, error_junit(str(error)), "the records are untouched")
        if markdown is not None:
            write(markdown, f"## Alignment: not decided\n\n```text\n{error}\n```\n", "the records are untouched")
        raise
    _write_reports(outcome, allow_undecided, junit, markdown, json)
    from xkd_bench.cli.views.console import print_shown
    from xkd_bench.terminal.gate import gate_view

    print_shown(*gate_view(outcome, allow_undecided))
    raise typer.Exit(outcome.exit_code(allow_undecided))


def _write_reports(
    outcome: GateOutcome, allow_undecided: bool, junit: Path | None, markdown: Path | None, json: Path | None
) -> None:
    from xkd_bench.cli.pages.standalone import write
    from xkd_bench.verdicts.as_json import as_text
    from xkd_bench.verdicts.gate_reports import gate_junit, gate_markdown

    kept = "the records are untouched"
    if junit is not None:
        write(junit, gate_junit(outcome, allow_undecided), kept)
    if markdown is not None:
        write(markdown, gate_markdown(outcome, allow_undecided), kept)
    if json is not None:
        write(json, as_text(outcome), kept)
