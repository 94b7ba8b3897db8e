"""The curves of a record in the terminal: each one as a row of bars, a bar a level."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from xkd_bench.cli.views.console import make_console
from xkd_bench.explainers.registry import in_reading_order, title
from xkd_bench.leaderboard.plots.axes import Estimate, within
from xkd_bench.leaderboard.tables.curves import DROP, MEASURES, ORDERS, SETTINGS, curve_of, estimates, units
from xkd_bench.records.masking_table import SETTINGS as ALL
from xkd_bench.records.masking_table import Measure, Setting
from xkd_bench.records.schema import FaithfulnessRecord, TaskResult
from xkd_bench.terminal.faithfulness_table import interval, value
from xkd_bench.terminal.printable import printable
from xkd_bench.terminal.tables import plain_table

BARS = "▁▂▃▄▅▆▇█"
NO_BAR = "·"
HEADS = {"most": "most first", "least": "least first", "random": "random"}


def print_curves(result: TaskResult, found: FaithfulnessRecord, measure: Measure) -> None:
    """A table a setting: an explainer a row, its curves and the drop between two of them."""
    console = make_console()
    console.print(Text(f"{printable(result.task.title)}  ·  {MEASURES[measure]}", style="bold"))
    levels = ", ".join(map(str, found.levels))
    legend = f"left at {levels} % of the {units(result)} masked: {BARS[0]} 0 … {BARS[-1]} 1, then the last value"
    console.print(Text(legend, style="dim"))
    for setting in ALL:
        if setting in found.found:
            console.print(Text(f"\n{SETTINGS[setting].capitalize()}", style="dim italic"))
            console.print(_table(found, setting, measure))
    console.print(Text("\nNever compare curves of two models: they differ in how much any masking takes.", style="dim"))


def bars(curve: Sequence[Estimate | None]) -> str:
    """`█▆▃▁ 0.12`: an eighth a step from 0 to 1, and where the curve ends."""
    shares = [within(point, 0.0, 1.0) for point in curve]
    if not any(shares):
        return "–"
    drawn = [NO_BAR if one is None else BARS[min(int(one[0] * len(BARS)), len(BARS) - 1)] for one in shares]
    return f"{''.join(drawn)} {'–' if shares[-1] is None else f'{shares[-1][0]:.2f}'}"


def _table(found: FaithfulnessRecord, setting: Setting, measure: Measure) -> Table:
    columns = (*HEADS.values(), "drop", "95 % interval", "n")
    table = plain_table("", *columns, right=columns[len(HEADS) :], gap=1)
    for key in in_reading_order(found.found[setting]):
        curves = {order: curve_of(found, setting, key, measure, order) for order in ORDERS}
        drop = found.found[setting][key].scores.get(measure, {}).get(DROP)
        table.add_row(
            Text(f"  {printable(title(key))}"),
            *(bars(estimates(curve)) for curve in curves.values()),
            value(drop),
            interval(drop),
            str(drop.n) if drop else "",
        )
    return table
