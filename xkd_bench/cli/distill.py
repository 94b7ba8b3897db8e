"""`xkd-bench distill`: train a student (or a first teacher) by a method's name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from xkd_bench.cli.options import DataRoot, Device, DtypeName, StoreRoot


class DistillCommand(typer.core.TyperCommand):
    """The verb whose help ends with the methods there are."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        from xkd_bench.distillers.registry import cards

        with formatter.section("Methods"):
            formatter.write_dl([(name, card["summary"]) for name, card in cards().items()])
        formatter.write_paragraph()
        formatter.write_text("`xkd-bench distillers show METHOD` gives formula, settings, presets, needs and cost.")


def distill(
    method: Annotated[str, typer.Argument(help="A method: see `xkd-bench distillers list`.")],
    task: Annotated[str, typer.Option(help="A task's name, or a .toml of your own.")],
    student: Annotated[str, typer.Option(help="Where the student starts: a model folder or a hub id.")],
    output: Annotated[Path, typer.Option(help="Folder for the trained student.")],
    teacher: Annotated[str | None, typer.Option(help="The teacher: a model folder or a hub id.")] = None,
    layers: Annotated[str | None, typer.Option(help="Blocks of the start to keep, counted from 1, e.g. 1,3,5.")] = None,
    train_rows: Annotated[
        int | None, typer.Option(help="Train on this many examples, chosen by a hash of the id.", min=1)
    ] = None,
    seed: Annotated[int, typer.Option(help="Head, order of examples and dropout follow from it.")] = 0,
    epochs: Annotated[int | None, typer.Option(help="Default: the task's schedule.", min=1)] = None,
    batch_size: Annotated[int | None, typer.Option(help="Default: the task's schedule.", min=1)] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Default: the task's schedule.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of the method, e.g. --set alpha=0.9. Repeatable."),
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="A method's preset, such as paper: its settings and its schedule.")
    ] = None,
    schedule: Annotated[
        str, typer.Option(help="preset or task: whose epochs, batch and rate to train by where a preset has its own.")
    ] = "preset",
    data_root: DataRoot = None,
    store: StoreRoot = None,
    device: Device = "auto",
    dtype: DtypeName = "float32",
) -> None:
    """Train a student and write it with its lineage. An interrupted run goes on when started again."""
    from xkd_bench.distillers.processes import is_main
    from xkd_bench.distillers.request import Request, fulfil
    from xkd_bench.distillers.student import read_layers
    from xkd_bench.terminal.student import student_lines

    request = Request(
        method=method,
        task=task,
        student=student,
        output=output,
        teacher=teacher,
        layers=read_layers(layers),
        train_rows=train_rows,
        seed=seed,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        settings=_read_settings(settings or []),
        preset=preset,
        schedule=schedule,
        data_root=data_root,
        store=store,
        device=device,
        dtype=dtype,
    )
    folder = fulfil(request)
    if is_main():
        for line in student_lines(method, folder):
            typer.echo(line)


def _read_settings(pairs: list[str]) -> dict[str, str]:
    from xkd_bench.errors import BadInputError

    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise BadInputError(where="--set", expected="name=value", found=repr(pair), fix="e.g. --set alpha=0.9")
        found[name.strip()] = value.strip()
    return found
