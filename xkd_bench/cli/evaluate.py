"""`xkd-bench evaluate`: how good is the student, and how far does it agree with its teacher?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xkd_bench.cli.options import DataRoot, Device, DtypeName, StoreRoot, TokenBudget


def evaluate(
    checkpoint: Annotated[str, typer.Argument(help="The student: a model folder or a hub id.")],
    task: Annotated[
        str | None,
        typer.Option(help="A task's name, or a .toml of your own. Default: what `distill` wrote beside the weights."),
    ] = None,
    teacher: Annotated[
        str | None, typer.Option(help="The teacher: a model folder or a hub id. Default: as for the task.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Submission folder to write the record into, e.g. submissions/my-method."),
    ] = None,
    retrained_teacher: Annotated[
        list[str] | None,
        typer.Option(help="The teacher trained again with another seed: the ceiling of alignment. Repeatable."),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(help="Another student of this teacher: gains in alignment over it are told, with every fill."),
    ] = None,
    explanations: Annotated[
        bool, typer.Option(help="Compare the models' reasons too, which takes most of the time.")
    ] = True,
    perturbations: Annotated[bool, typer.Option(help="Ask both models about perturbed inputs too.")] = True,
    protocol: Annotated[
        str, typer.Option(help="quick, standard, paper, aggregation, or a .toml of your own.")
    ] = "quick",
    data_root: DataRoot = None,
    store: StoreRoot = None,
    device: Device = "auto",
    dtype: DtypeName = "float32",
    token_budget: TokenBudget = None,
    timing: Annotated[
        bool | None,
        typer.Option(
            "--timing/--no-timing",
            help="Time both models side by side. Default: only if the teacher runs anyway.",
        ),
    ] = None,
) -> None:
    """Judge a student on a task, against its teacher, and write the record."""
    from xkd_bench.cli.views.console import print_shown
    from xkd_bench.engine.request import Request, fulfil
    from xkd_bench.terminal.score_table import evaluation_view

    request = Request(
        student=checkpoint,
        task=task,
        teacher=teacher,
        output=output,
        retrained_teachers=tuple(retrained_teacher or ()),
        baseline=baseline,
        explanations=explanations,
        perturbations=perturbations,
        protocol=protocol,
        data_root=data_root,
        store=store,
        device=device,
        dtype=dtype,
        token_budget=token_budget,
        timing=timing,
    )
    plan, found = fulfil(request)
    print_shown(*evaluation_view(found.result, found.run, plan.task.card))
    if found.folder:
        typer.echo(f"record: {found.folder / 'record.json'}")
