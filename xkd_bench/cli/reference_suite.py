"""`xkd-bench reference run` and `reference status`: a suite of jobs, and where it stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from xkd_bench.cli.options import DataRoot, Device, StoreRoot

if TYPE_CHECKING:
    from xkd_bench.reference.site import Site

SuiteName = Annotated[
    str, typer.Argument(help="demo, cpu-small, cpu-aggregation, paper-bert, paper-vit, or a .toml of your own.")
]
Work = Annotated[
    Path | None, typer.Option(help="Folder of the jobs, shared by all workers. Default: reference/ in the store.")
]
Output = Annotated[Path, typer.Option(help="Folder of the entries.")]
Encoder = Annotated[
    Path | None, typer.Option(help="A pretrained encoder, for suites that start from one. Default: the package's.")
]
Tasks = Annotated[
    list[str] | None, typer.Option("--task", help="Only this task of the suite; repeatable. Default: all of them.")
]
Workers = Annotated[int, typer.Option(help="How many at once: processes of one thread, or one a GPU.", min=1)]
REFERENCE = Path("submissions/reference")
FAILED = 1


def run(
    suite: SuiteName,
    plan: Annotated[bool, typer.Option("--plan", help="Print jobs, cost, hours and disk; run nothing.")] = False,
    tasks: Tasks = None,
    workers: Workers = 1,
    budget: Annotated[
        str | None, typer.Option(help="Stop after this long, e.g. 150m or 2h; started again, it goes on.")
    ] = None,
    tries: Annotated[int, typer.Option(help="How often a job that dies is tried.", min=1)] = 3,
    executor: Annotated[str, typer.Option(help="local or ray.")] = "local",
    address: Annotated[str | None, typer.Option(help="A Ray cluster, e.g. 10.0.0.1:6379. Default: one here.")] = None,
    work: Work = None,
    output: Output = REFERENCE,
    encoder: Encoder = None,
    data_root: DataRoot = None,
    store: StoreRoot = None,
    device: Device = "auto",
) -> None:
    """Train, keep, evaluate: make every record of a suite that is not there yet.

    Exit code 1 where a job failed. A run that was stopped, killed or out of budget goes on when started again.
    """
    from xkd_bench.cli.views.reference import print_plan, print_status
    from xkd_bench.records.store import default_store
    from xkd_bench.reference.run import Manner, failed, run_suite

    site = _site(work, output, encoder, data_root, store, _device(device, planned=plan), looks=not plan)
    if plan:
        print_plan(suite, site, workers, tuple(tasks or ()))
        return
    manner = Manner(workers, tries, _seconds(budget), _executor(executor, address), address, tuple(tasks or ()))
    found = run_suite(suite, site, store or default_store(), manner, lambda line: typer.echo(f"· {line}"))
    print_status(found, workers)
    if failed(found):
        raise typer.Exit(FAILED)


def status(
    suite: SuiteName,
    as_json: Annotated[bool, typer.Option("--json", help="Every job as JSON, for a script.")] = False,
    tasks: Tasks = None,
    workers: Workers = 1,
    work: Work = None,
    output: Output = REFERENCE,
    encoder: Encoder = None,
    data_root: DataRoot = None,
    store: StoreRoot = None,
    device: Device = "auto",
) -> None:
    """What of a suite is done, running, failed and left, and the time left."""
    from xkd_bench.cli.views.reference import print_json, print_status
    from xkd_bench.reference.status import standings
    from xkd_bench.reference.suite import read_suite
    from xkd_bench.reference.suite_graph import build_graph

    site = _site(work, output, encoder, data_root, store, _device(device, planned=False), looks=False)
    read, folder = read_suite(suite, tasks or ())
    found = standings(build_graph(read, folder, site), site.ledger)
    if as_json:
        print_json(found, workers)
    else:
        print_status(found, workers)


def _site(
    work: Path | None,
    output: Path,
    encoder: Path | None,
    data_root: Path | None,
    store: Path | None,
    device: Literal["cpu", "cuda"],
    looks: bool,
) -> Site:
    from xkd_bench.records.store import default_store
    from xkd_bench.reference.ledger import Ledger
    from xkd_bench.reference.site import Site
    from xkd_bench.tasks.loading import data_root as root_of

    folder = work or (store or default_store()) / "reference"
    return Site(Ledger(folder), output, root_of(data_root), device, encoder, looks)


def _device(named: str, planned: bool) -> Any:
    """The kind of device; a plan may be for one that is not here."""
    from xkd_bench.models.classifier import make_runtime

    return named if planned and named == "cuda" else make_runtime(named).device


def _executor(named: str, address: str | None) -> Any:
    from xkd_bench.errors import BadInputError

    if named not in ("local", "ray"):
        raise BadInputError(where="--executor", expected="local or ray", found=repr(named), fix="choose one")
    if address is not None and named != "ray":
        raise BadInputError(
            where="--address", expected="--executor ray as well", found=f"--executor {named}", fix="add it"
        )
    return named


def _seconds(budget: str | None) -> float | None:
    """`90s`, `150m`, `2h`, or minutes."""
    from xkd_bench.errors import BadInputError

    if budget is None:
        return None
    units = {"s": 1, "m": 60, "h": 3600}
    number, unit = (budget[:-1], budget[-1]) if budget[-1:] in units else (budget, "m")
    try:
        found = float(number) * units[unit]
    except ValueError:
        found = -1.0
    if not 0 < found < float("inf"):
        raise BadInputError(
            where="--budget", expected="a time such as 90s, 150m or 2h", found=repr(budget), fix="write it so"
        )
    return found
