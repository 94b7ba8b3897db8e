"""`xkd-bench explain`: every model's words or patches, shaded side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xkd_bench.cli.options import DataRoot, Device, DtypeName, StoreRoot


def explain(
    task: Annotated[str, typer.Option(help="A task's name, or a .toml of your own.")],
    inputs: Annotated[list[str] | None, typer.Argument(help="The texts, or the image files, to explain.")] = None,
    text_pair: Annotated[
        list[str] | None, typer.Option(help="The second text of a pair. Once for each text, in their order.")
    ] = None,
    example: Annotated[
        list[str] | None, typer.Option(help="The id of an example of the task's evaluation split. Repeatable.")
    ] = None,
    teacher: Annotated[str | None, typer.Option(help="The teacher: a model folder or a hub id.")] = None,
    student: Annotated[
        list[str] | None, typer.Option(help="A student: a model folder or a hub id. Repeatable.")
    ] = None,
    explainer: Annotated[
        list[str] | None,
        typer.Option(help="Names with commas between, or repeated. Default: lime,integrated_gradients."),
    ] = None,
    fill: Annotated[
        str | None,
        typer.Option(
            help="What maskings do with a word, delete or mask; with a patch, mean or blur. Default: the first."
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(help="The label to explain. Default: what the teacher predicts, else the first student."),
    ] = None,
    protocol: Annotated[str, typer.Option(help="quick, standard or paper.")] = "standard",
    html: Annotated[Path | None, typer.Option(help="Also write one standalone page, e.g. page.html.")] = None,
    data_root: DataRoot = None,
    store: StoreRoot = None,
    device: Device = "auto",
    dtype: DtypeName = "float32",
) -> None:
    """Show which words or patches each model's answer rests on: any text or image, any number of checkpoints."""
    from xkd_bench.cli.pages.explain import write_page
    from xkd_bench.cli.views.explain import print_comparison
    from xkd_bench.engine.comparison import compare
    from xkd_bench.engine.comparison_plan import Request, make_comparison_plan
    from xkd_bench.errors import BadInputError
    from xkd_bench.models.classifier import make_runtime
    from xkd_bench.records.store import Store, default_store
    from xkd_bench.tasks.loading import data_root as root_of
    from xkd_bench.tasks.protocols import read_protocol
    from xkd_bench.tasks.registry import find_task

    chosen = find_task(task)
    if not inputs and not example:
        raise BadInputError(
            where="xkd-bench explain",
            expected=f"{'an image file' if chosen.card.modality == 'image' else 'a text'}, or --example",
            found="neither",
            fix="give a file, e.g. xkd-bench explain photo.png --task cifar10 --student FOLDER"
            if chosen.card.modality == "image"
            else 'give a text in quotes, e.g. xkd-bench explain "They drank the pub." --task cola --student FOLDER',
        )
    request = Request(
        task=chosen,
        protocol=read_protocol(protocol),
        inputs=inputs or (),
        pairs=text_pair or (),
        example_ids=example or (),
        teacher=teacher,
        students=student or (),
        explainers=[name.strip() for names in explainer or () for name in names.split(",") if name.strip()],
        fill=fill,
        target=target,
        data_root=root_of(data_root),
    )
    plan = make_comparison_plan(request, make_runtime(device, dtype))
    found = compare(plan, Store(store or default_store()))
    print_comparison(found)
    if html is not None:
        write_page(found, html)
        typer.echo(f"page: {html}")
