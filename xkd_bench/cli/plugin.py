"""`xkd-bench plugin`: does a metric or a method keep what all of them promise?"""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="Check metrics and methods, your own among them.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _plugin() -> None:
    """Check metrics and methods, your own among them."""


@app.command("check")
def check(
    names: Annotated[list[str], typer.Argument(help="Metrics and methods, e.g. kappa ad_kd; `all` for every one.")],
) -> None:
    """Try what must hold of every metric or method. Exit code 1 where something does not."""
    from xkd_bench.cli.views.console import make_console
    from xkd_bench.distillers import registry as distillers
    from xkd_bench.errors import BadInputError
    from xkd_bench.metrics import registry as metrics
    from xkd_bench.plugins import Promise, installed

    console, failed = make_console(), 0
    known = dict.fromkeys(installed(distillers.GROUP), "method")
    known |= dict.fromkeys(installed(metrics.GROUP), "metric")
    for name in sorted(known) if names == ["all"] else names:
        if name not in known:
            raise BadInputError(
                where="plugin check",
                expected="a metric or method that is installed",
                found=repr(name),
                fix="see `xkd-bench metrics list` and `xkd-bench distillers list`; a package's entry point must be "
                "in xkd_bench.metrics or xkd_bench.distillers",
            )
        promises: list[Promise] = []
        if known[name] == "method":
            from xkd_bench.distillers.checks import check_distiller

            promises += check_distiller(name)
        else:
            from xkd_bench.metrics.checks import check_metric

            promises += check_metric(name)
        broken = [promise for promise in promises if not promise.holds]
        failed += bool(broken)
        console.print(
            f"{'✗' if broken else '✓'} {name}  {known[name]}, {len(promises) - len(broken)} of {len(promises)} hold"
        )
        for promise in promises if len(names) == 1 and names != ["all"] else broken:
            note = f"  ({promise.note})" if promise.note else ""
            console.print(f"    {'✓' if promise.holds else '✗'} {promise.what}{note}", soft_wrap=True)
    if failed:
        raise typer.Exit(1)
